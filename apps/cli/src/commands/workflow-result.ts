/** baton workflow result: what a workflow came to, on standard output and nothing else there. */
import { hasEnded } from '@baton/client';
import { exitCodes } from '@baton/protocol';
import type { Command } from 'commander';
import { type Action, addCommand, runs } from '../command.ts';
import { exitCodeOf, followQuietly, printResult } from '../follow.ts';

export function addWorkflowResult(parent: Command): void {
  const command = addCommand(parent, {
    usage: 'result <id>',
    summary: 'Print the result of a workflow',
    about: 'Exits with 0 when it completed, with 1 when it failed or has no result yet.',
    examples: ['baton workflow result wf_8k2m4x', 'baton workflow result wf_8k2m4x --wait --json'],
  }).option('--wait', 'wait until it has ended');
  runs(command, result);
}

const result: Action<{ readonly wait?: boolean }> = async (context, { wait }, id = '') => {
  if (wait) return await followQuietly(context, id);
  const view = await context.client.result(id);
  if (hasEnded(view.status) || context.json) {
    printResult(context, view);
    return exitCodeOf(view.status);
  }
  context.terminal.err(`${id} is ${view.status} and has no result yet. To wait for it: baton workflow result ${id} --wait\n`);
  return exitCodes.failed;
};
