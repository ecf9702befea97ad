/** baton workflow approve, reject: answers an approval. */
import type { BatonClient } from '@baton/client';
import type { ApprovalBody } from '@baton/protocol';
import type { Command } from 'commander';
import { type Action, addCommand, runs } from '../command.ts';
import { printControl } from '../control-text.ts';
import { InputError } from '../failure.ts';
import { valueOf } from '../params.ts';

interface AnswerOptions {
  readonly as: string;
  readonly comment?: string;
  readonly token?: string;
  readonly value?: string;
}

const aboutToken = 'Without --token it takes the one that the API hands out on this machine.';

export function addWorkflowAnswers(parent: Command): void {
  const approve = addCommand(parent, {
    usage: 'approve <id> <subtask>',
    summary: 'Approve what waits for approval, as it is or edited',
    about: `An answer that comes early is kept. ${aboutToken}`,
    examples: [
      'baton workflow approve wf_8k2m4x publish --as ana',
      "baton workflow approve wf_8k2m4x publish --as ana --value '\"A better title\"' --comment 'shorter'",
    ],
  }).option('--value <json>', 'edit and approve: what it results in instead of what was shown');
  runs(common(approve), answer('approve'));
  const reject = addCommand(parent, {
    usage: 'reject <id> <subtask>',
    summary: 'Reject what waits for approval',
    about: `An answer that comes early is kept. ${aboutToken}`,
    examples: ["baton workflow reject wf_8k2m4x publish --as bo --comment 'wrong month'"],
  });
  runs(common(reject), answer('reject'));
}

function common(command: Command): Command {
  return command.requiredOption('--as <name>', 'who answers').option('--comment <text>', 'why').option('--token <token>', 'from the notification');
}

function answer(decision: ApprovalBody['decision']): Action<AnswerOptions> {
  return async (context, { as, comment, token, value }, id = '', subtask = '') => {
    const body: ApprovalBody = {
      decision,
      approver: as,
      token: token ?? (await tokenOf(context.client, id, subtask, as)),
      ...(value !== undefined && { value: valueOf(value) }),
      ...(comment !== undefined && { comment }),
    };
    return printControl(context, await context.client.answer(id, subtask, body));
  };
}

/** @throws {InputError} when there is none for them */
async function tokenOf(client: BatonClient, id: string, subtask: string, approver: string): Promise<string> {
  const { approvals } = await client.approvals(id);
  const approval = approvals.find(({ subtask_id }) => subtask_id === subtask);
  if (approval === undefined) {
    const open = approvals.map(({ subtask_id }) => subtask_id).join(', ');
    throw new InputError(`"${subtask}" is no open approval of ${id}. ${open === '' ? 'None is.' : `Open: ${open}.`}`);
  }
  const token = approval.tokens?.[approver] ?? approval.tokens?.['*'];
  if (token !== undefined) return token;
  if (approval.tokens === undefined) throw new InputError('The API hands out no tokens: give the one from the notification with --token.');
  throw new InputError(`"${approver}" is none of the approvers of "${subtask}": ${approval.approvers.join(', ')}.`);
}
