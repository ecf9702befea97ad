/** baton capability list: what can be done, who could, and how much of it waits. */
import type { CapabilityView } from '@baton/protocol';
import type { Command } from 'commander';
import { type Action, addCommand, runs } from '../command.ts';
import { type Cell, cell, head, table } from '../table.ts';

export function addCapabilityList(parent: Command): void {
  const command = addCommand(parent, {
    usage: 'list',
    summary: 'List the capabilities with their agents and queues',
    examples: ['baton capability list', 'baton capability list --json'],
  });
  runs(command, list);
}

const list: Action<object> = async ({ client, terminal, json, printJson }) => {
  const view = await client.capabilities();
  if (json) printJson(view);
  else if (view.capabilities.length === 0) terminal.err('No capability was ever served or asked for. Start the workers: ./dev up\n');
  else terminal.out(`${table([titles, ...view.capabilities.map(row)], terminal.columns).join('\n')}\n`);
  return 0;
};

const right = (one: Cell): Cell => ({ ...one, align: 'right' });
const titles = head('capability', 'agents', 'running', 'queued', 'limit').map((title, index) => (index === 0 ? title : right(title)));

function row({ name, agents, active, queued, concurrency }: CapabilityView): readonly Cell[] {
  const isFull = concurrency !== null && active >= concurrency;
  return [
    cell(name),
    right(cell(String(agents), agents > 0 ? 'dim' : queued > 0 ? 'red' : 'yellow')),
    right(cell(String(active), active > 0 ? 'cyan' : 'dim')),
    right(cell(String(queued), queued > 0 ? undefined : 'dim')),
    right(cell(concurrency === null ? 'none' : String(concurrency), isFull ? 'yellow' : 'dim')),
  ];
}
