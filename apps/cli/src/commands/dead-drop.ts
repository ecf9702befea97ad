/** baton dead drop: a dead letter that nobody needs. */
import type { Command } from 'commander';
import { type Action, addCommand, runs } from '../command.ts';

export function addDeadDrop(parent: Command): void {
  const command = addCommand(parent, {
    usage: 'drop <id>',
    summary: 'Drop a dead letter for good',
    examples: ['baton dead drop 1767225600000-0'],
  });
  runs(command, drop);
}

const drop: Action<object> = async ({ client, terminal, json, printJson }, _options, id = '') => {
  const view = await client.dropDeadLetter(id);
  if (json) printJson(view);
  else terminal.out(`${view.id}  dropped\n`);
  return 0;
};
