/** baton type limit: how many workflows of a type may be active at the same time. */
import type { Command } from 'commander';
import { type Action, addCommand, runs } from '../command.ts';
import { parseCountOrNone } from '../count-or-none.ts';

export function addTypeLimit(parent: Command): void {
  const command = addCommand(parent, {
    usage: 'limit <name> <count>',
    summary: 'Limit how many workflows of a type are active at the same time',
    about:
      'All versions together. It holds within a second and outlives a restart; "none" takes the limit away. Starts over HTTP are refused while it is reached; those in the start queue wait.',
    examples: ['baton type limit sales_dashboard 100', 'baton type limit sales_dashboard none'],
  });
  runs(command, limit);
}

const limit: Action<object> = async ({ client, terminal, json, printJson }, _options, name = '', count = '') => {
  const view = await client.limitType(name, { max_active: parseCountOrNone(count) });
  if (json) printJson(view);
  else {
    terminal.out(`${view.name}  ${view.max_active === null ? 'no limit' : `at most ${view.max_active} active`}  ${view.active} active now\n`);
    if (view.versions.length === 0) terminal.err(`No type ${view.name} is registered. If that is a slip: baton type list shows the names.\n`);
  }
  return 0;
};
