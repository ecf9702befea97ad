/** POST /v1/workflows/:id/approvals/:subtask_id: approve, reject, or edit and approve. One that comes early is kept. */
import { ApprovalBody } from '@baton/protocol';
import { controlAnswer } from '../control-answer.ts';
import type { Handler } from '../deps.ts';
import { parseInput } from '../input.ts';
import { unknownWorkflow, workflowIdOf } from '../workflow-id.ts';

export const answerApproval: Handler = async ({ engine }, request) => {
  const input = parseInput(ApprovalBody, 'The body is', request.body);
  if (!input.ok) return input.answer;
  const id = workflowIdOf(request);
  if (id === null) return unknownWorkflow(request);
  const { decision, approver, token, value, comment } = input.value;
  const { subtask_id } = request.params as { subtask_id: string };
  const given = { by: approver, decision, token, ...(value !== undefined && { value }), ...(comment !== undefined && { comment }) };
  return controlAnswer(request, id, await engine.answer(id, subtask_id, given));
};
