/** baton type list: what can be started by name. */
import type { Command } from 'commander';
import { type Action, addCommand, runs } from '../command.ts';
import { cell, head, table } from '../table.ts';

export function addTypeList(parent: Command): void {
  runs(addCommand(parent, { usage: 'list', summary: 'List the registered workflow types', examples: ['baton type list', 'baton type list --json'] }), list);
}

const list: Action<object> = async ({ client, terminal, json, printJson }) => {
  const view = await client.types();
  if (json) printJson(view);
  else if (view.types.length === 0) terminal.err('No type is registered yet. Register one: baton type register <file>\n');
  else {
    const rows = view.types.map(({ name, versions, active, max_active }) => [
      cell(name),
      cell(versions.join(', '), 'dim'),
      cell(max_active === null ? `${active}` : `${active} of ${max_active}`),
    ]);
    terminal.out(`${table([head('type', 'versions', 'active'), ...rows], terminal.columns).join('\n')}\n`);
  }
  return 0;
};
