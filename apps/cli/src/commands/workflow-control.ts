/** baton workflow pause, resume, cancel, terminate, retry, rerun, restart: what may be done to a workflow. */
import type { BatonClient } from '@baton/client';
import type { ControlView } from '@baton/protocol';
import type { Command } from 'commander';
import { type Action, addCommand, type Context, runs } from '../command.ts';
import { printControl } from '../control-text.ts';
import { parseDuration } from '../duration.ts';

const idempotent = 'Where it is so already nothing changes, and it exits with 0. Where it is not allowed it exits with 2 and says in which states it is.';

/** Those that need nothing but the workflow. */
const plain: readonly { readonly name: 'pause' | 'resume' | 'terminate' | 'retry'; readonly summary: string; readonly about: string }[] = [
  { name: 'pause', summary: 'Let nothing new begin in a workflow', about: 'What runs finishes and is recorded; the time of the workflow stands still.' },
  { name: 'resume', summary: 'Let a paused workflow go on', about: 'It goes on where it stood.' },
  { name: 'terminate', summary: 'End a workflow at once', about: 'Handlers that run are told to stop now; to give them time: baton workflow cancel.' },
  { name: 'retry', summary: 'Try a failed workflow again, from what failed', about: 'What has succeeded stays.' },
];

export function addWorkflowControls(parent: Command): void {
  for (const { name, summary, about } of plain) {
    const command = addCommand(parent, { usage: `${name} <id>`, summary, about: `${about}\n${idempotent}`, examples: [`baton workflow ${name} wf_8k2m4x`] });
    runs(
      command,
      control((client, id) => client[name](id)),
    );
  }
  addCancel(parent);
  addRerun(parent);
  addRestart(parent);
}

function addCancel(parent: Command): void {
  const command = addCommand(parent, {
    usage: 'cancel <id>',
    summary: 'End a workflow, and let what runs come to an end',
    about: `Handlers that run get a time of grace before they are told to stop.\n${idempotent}`,
    examples: ['baton workflow cancel wf_8k2m4x', 'baton workflow cancel wf_8k2m4x --grace 1m'],
  }).option('--grace <time>', 'how long handlers may go on, like 10s or 2m', parseDuration, 10_000);
  runs<{ readonly grace: number }>(
    command,
    control((client, id, { grace }) => client.cancel(id, { grace_ms: grace })),
  );
}

function addRerun(parent: Command): void {
  const command = addCommand(parent, {
    usage: 'rerun <id>',
    summary: 'Do a step of an ended workflow anew, and everything that depends on it',
    about: 'What does not depend on it stays.',
    examples: ['baton workflow rerun wf_8k2m4x --from clean'],
  }).requiredOption('--from <step>', 'the step to begin with');
  runs<{ readonly from: string }>(
    command,
    control((client, id, { from }) => client.rerun(id, { from })),
  );
}

function addRestart(parent: Command): void {
  const command = addCommand(parent, {
    usage: 'restart <id>',
    summary: 'Start the same request again, as another workflow',
    about: 'Prints the id of the new workflow, which says where it comes from.',
    examples: ['baton workflow restart wf_8k2m4x', 'baton workflow restart wf_8k2m4x --id monday-again'],
  }).option('--id <workflow_id>', 'of the new workflow; makes the restart idempotent');
  runs<{ readonly id?: string }>(command, restart);
}

const restart: Action<{ readonly id?: string }> = async (context, { id: as }, id = '') => {
  const view = await context.client.restart(id, as === undefined ? {} : { workflow_id: as });
  if (context.json) context.printJson(view);
  else {
    if (view.outcome === 'unchanged') context.terminal.err(`${view.workflow_id} exists already from the same request; nothing new was started.\n`);
    context.terminal.out(`${view.workflow_id}\n`);
  }
  return 0;
};

function control<Options>(ask: (client: BatonClient, id: string, options: Options) => Promise<ControlView>): Action<Options> {
  return async (context: Context, options, id = '') => printControl(context, await ask(context.client, id, options));
}
