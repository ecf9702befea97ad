/** What a workflow waits for from outside: approvals by people, and signals by name. */
import { z } from 'zod';

const json = z.json();
const time = z.iso.datetime();
const decision = z.enum(['approve', 'reject']);

/** `POST /v1/workflows/:id/signals/:name` */
export const SignalBody = z.strictObject({
  payload: json.default(null).describe('The result of the step that waits for the signal'),
  id: z.string().min(1).max(128).optional().describe('The same signal under the same id is one signal'),
});
export type SignalBody = z.input<typeof SignalBody>;

/** `POST /v1/workflows/:id/approvals/:subtask_id` */
export const ApprovalBody = z.strictObject({
  decision,
  value: json.optional().describe('Edit and approve: what the approval results in, instead of what was shown'),
  comment: z.string().max(2_000).optional(),
  approver: z.string().min(1).max(128).describe('Whose token it is'),
  token: z.string().min(1).max(256).describe('Good for one answer'),
});
export type ApprovalBody = z.input<typeof ApprovalBody>;

export const ApprovalView = z.object({
  subtask_id: z.string(),
  shown: z.record(z.string(), json).describe('What the approvers are to judge'),
  approvers: z.array(z.string()).describe('Who may answer; empty: anybody with the token'),
  required: z.int().describe('How many must approve'),
  answers: z.array(z.object({ by: z.string(), decision, comment: z.string().optional(), at: time })),
  requested_at: time.nullable().describe('Null: its turn has not come; an answer that comes early is kept'),
  expires_at: time.nullable(),
  tokens: z.record(z.string(), z.string()).optional().describe('By approver; only for those who may hand them out'),
});
export type ApprovalView = z.output<typeof ApprovalView>;

/** `GET /v1/workflows/:id/approvals`: those that wait for an answer, and those that will. */
export const ApprovalListView = z.object({ workflow_id: z.string(), approvals: z.array(ApprovalView) });
export type ApprovalListView = z.output<typeof ApprovalListView>;
