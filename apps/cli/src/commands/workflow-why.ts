/** baton workflow why: one line for each subtask that has not ended, with what it waits for. */
import { hasEnded } from '@baton/client';
import type { WhyView } from '@baton/protocol';
import type { Command } from 'commander';
import { type Action, addCommand, runs } from '../command.ts';
import { type Cell, cell, table } from '../table.ts';
import type { Style } from '../terminal.ts';

export function addWorkflowWhy(parent: Command): void {
  const command = addCommand(parent, {
    usage: 'why <id>',
    summary: 'Say why a workflow is not further than it is',
    about: 'One line for each subtask that has not ended: its name, the reason, and what it rests on.',
    examples: ['baton workflow why wf_8k2m4x', 'baton workflow why wf_8k2m4x --json'],
  });
  runs(command, why);
}

const why: Action<object> = async ({ client, terminal, json, printJson }, _options, id = '') => {
  const view = await client.why(id);
  if (json) printJson(view);
  else if (view.reasons.length === 0) terminal.err(`${view.workflow_id} ${hasEnded(view.status) ? 'has ended' : 'is'} ${view.status}: nothing in it waits.\n`);
  else terminal.out(`${table(view.reasons.map(row), terminal.columns).join('\n')}\n`);
  return 0;
};

type Reason = WhyView['reasons'][number];

/** What somebody has to do something about stands out. */
const styles: Partial<Record<Reason['reason'], Style>> = {
  no_agent: 'red',
  retry_backoff: 'yellow',
  overloaded: 'yellow',
  concurrency_limit: 'yellow',
  paused: 'yellow',
  awaiting_approval: 'yellow',
  awaiting_signal: 'yellow',
  running: 'cyan',
};

function row({ subtask_id, reason, message }: Reason): readonly Cell[] {
  return [cell(subtask_id), cell(reason, styles[reason] ?? 'dim'), cell(message)];
}
