/** baton workflow approvals: what waits for an answer, or will. */
import type { ApprovalView } from '@baton/protocol';
import type { Command } from 'commander';
import { type Action, addCommand, runs } from '../command.ts';
import { timeText } from '../duration.ts';
import { resultLines } from '../result-text.ts';
import { styled, tame } from '../terminal.ts';

export function addWorkflowApprovals(parent: Command): void {
  const command = addCommand(parent, {
    usage: 'approvals <id>',
    summary: 'Show the approvals of a workflow that are open',
    about: 'With --json also the tokens, one for each approver: whoever has one may answer.',
    examples: ['baton workflow approvals wf_8k2m4x', 'baton workflow approvals wf_8k2m4x --json'],
  });
  runs(command, approvals);
}

const approvals: Action<object> = async ({ client, terminal, json, printJson }, _options, id = '') => {
  const view = await client.approvals(id);
  if (json) printJson(view);
  else if (view.approvals.length === 0) terminal.err(`No approval of ${id} is open.\n`);
  else terminal.out(`${view.approvals.map((approval) => approvalLines(approval).join('\n')).join('\n\n')}\n`);
  return 0;
};

function approvalLines({ subtask_id, shown, approvers, required, answers, requested_at, expires_at }: ApprovalView): string[] {
  const who = approvers.length === 0 ? 'anybody' : approvers.map(tame).join(', ');
  const since = requested_at === null ? 'not asked yet' : `asked ${timeText(requested_at)}${expires_at === null ? '' : `, until ${timeText(expires_at)}`}`;
  return [
    `${styled('bold', subtask_id)}  ${required} of ${who}  ${styled('dim', since)}`,
    ...resultLines(shown).map((line) => `  ${line}`),
    ...answers.map(({ by, decision, comment }) => {
      const mark = decision === 'approve' ? styled('green', '✓') : styled('red', '✗');
      return `  ${mark} ${tame(by)}${comment === undefined ? '' : `: ${tame(comment)}`}`;
    }),
  ];
}
