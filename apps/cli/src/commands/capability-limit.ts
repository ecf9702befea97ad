/** baton capability limit: how many of its subtasks may run at the same time, on all agents together. */
import type { Command } from 'commander';
import { type Action, addCommand, runs } from '../command.ts';
import { parseCountOrNone } from '../count-or-none.ts';

export function addCapabilityLimit(parent: Command): void {
  const command = addCommand(parent, {
    usage: 'limit <name> <count>',
    summary: 'Limit how many subtasks of a capability run at the same time',
    about: 'On all agents together. It works at once and outlives a restart; "none" takes the limit away.',
    examples: ['baton capability limit mail.send 2', 'baton capability limit mail.send none'],
  });
  runs(command, limit);
}

const limit: Action<object> = async ({ client, terminal, json, printJson }, _options, name = '', count = '') => {
  const view = await client.limitCapability(name, { concurrency: parseCountOrNone(count) });
  if (json) printJson(view);
  else {
    terminal.out(`${view.name}  ${view.concurrency === null ? 'no limit' : `at most ${view.concurrency} at a time`}\n`);
    if (view.agents === 0) terminal.err(`No agent for ${view.name} is alive. If that is a slip: baton capability list shows the names.\n`);
  }
  return 0;
};
