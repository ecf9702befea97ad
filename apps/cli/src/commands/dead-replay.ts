/** baton dead replay: dead letters go back into their streams, and are read once more. */
import type { Command } from 'commander';
import { type Action, addCommand, runs } from '../command.ts';
import { InputError } from '../failure.ts';

interface ReplayOptions {
  readonly all?: boolean;
}

export function addDeadReplay(parent: Command): void {
  const command = addCommand(parent, {
    usage: 'replay [id]',
    summary: 'Send a dead letter back into its stream, or all of them',
    about: 'For when what could not read them can by now. One that still cannot be read is a dead letter again, under another id.',
    examples: ['baton dead replay 1767225600000-0', 'baton dead replay --all'],
  }).option('--all', 'all that there are now');
  runs(command, replay);
}

const replay: Action<ReplayOptions> = async ({ client, terminal, json, printJson }, { all = false }, id) => {
  if (all === (id !== undefined)) throw new InputError('Say which one, or --all: baton dead list shows their ids.');
  const view = id === undefined ? await client.replayDeadLetters() : await client.replayDeadLetter(id);
  if (json) printJson(view);
  else terminal.out('replayed' in view ? `${view.replayed} sent back\n` : `${view.id}  sent back\n`);
  return 0;
};
