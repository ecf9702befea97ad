/** GET /v1/workflows/:id/approvals: with the tokens. Whoever reads this may answer for the approvers; it never leaves loopback. */
import type { ApprovalListView } from '@baton/protocol';
import { ok } from '../answer.ts';
import { approvalView } from '../approval-view.ts';
import type { Handler } from '../deps.ts';
import { unknownWorkflow, workflowIdOf } from '../workflow-id.ts';

export const listApprovals: Handler = async ({ engine, store }, request) => {
  const id = workflowIdOf(request);
  const [open, workflow] = id === null ? [null, null] : await Promise.all([engine.approvals(id), store.load(id)]);
  if (open === null || workflow === null) return unknownWorkflow(request);
  const body: ApprovalListView = { workflow_id: workflow.header.id, approvals: open.map(({ subtaskId, tokens }) => approvalView(workflow, subtaskId, tokens)) };
  return ok(body);
};
