/** baton workflow signal: tells a workflow that something has happened. */
import type { Command } from 'commander';
import { type Action, addCommand, runs } from '../command.ts';
import { printControl } from '../control-text.ts';
import { valueOf } from '../params.ts';

interface SignalOptions {
  readonly payload?: string;
  readonly id?: string;
}

export function addWorkflowSignal(parent: Command): void {
  const command = addCommand(parent, {
    usage: 'signal <id> <name>',
    summary: 'Send a workflow a signal',
    about: 'It wakes the first step that waits for that name; one that comes early is kept.',
    examples: [
      'baton workflow signal wf_8k2m4x payment_received',
      'baton workflow signal wf_8k2m4x payment_received --payload \'{"amount": 12}\' --id payment-17',
    ],
  })
    .option('--payload <json>', 'what the step that waits for it results in; a string where it is no JSON')
    .option('--id <id>', 'makes it idempotent: the same signal under the same id is one signal');
  runs(command, signal);
}

const signal: Action<SignalOptions> = async (context, { payload, id: signalId }, id = '', name = '') => {
  const body = { ...(payload !== undefined && { payload: valueOf(payload) }), ...(signalId !== undefined && { id: signalId }) };
  return printControl(context, await context.client.signal(id, name, body));
};
