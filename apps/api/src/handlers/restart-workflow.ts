/** POST /v1/workflows/:id/restart: the same request from the start, as another workflow that says where it comes from. Idempotent by `workflow_id`. */
import type { WorkflowSummary } from '@baton/core';
import { type ControlView, controlBodies } from '@baton/protocol';
import { type Answer, problem, problemsAnswer } from '../answer.ts';
import { caller } from '../caller.ts';
import type { Handler } from '../deps.ts';
import { parseInput } from '../input.ts';
import { notAdmitted } from '../not-admitted.ts';
import { unknownWorkflow, workflowIdOf } from '../workflow-id.ts';

export const restartWorkflow: Handler = async ({ engine }, request) => {
  const input = parseInput(controlBodies.restart, 'The body is', request.body ?? {});
  if (!input.ok) return input.answer;
  const id = workflowIdOf(request);
  if (id === null) return unknownWorkflow(request);
  const { workflow_id } = input.value;
  const outcome = await engine.restart(id, { by: caller, ...(workflow_id !== undefined && { as: workflow_id }) });
  switch (outcome.status) {
    case 'created':
    case 'existing':
      return restarted(outcome.summary, outcome.status === 'created');
    case 'not_found':
      return unknownWorkflow(request);
    case 'conflict':
      return problem('conflict', outcome.message);
    case 'unknown_type':
      return problem('unknown_type', outcome.message);
    case 'invalid':
      return problemsAnswer('invalid_workflow', 'The workflow is', outcome.problems);
    case 'not_admitted':
      return notAdmitted(outcome.refusal);
  }
};

function restarted({ header, state }: WorkflowSummary, created: boolean): Answer {
  const body: ControlView = { workflow_id: header.id, status: state.status, outcome: created ? 'applied' : 'unchanged' };
  return { status: created ? 201 : 200, body, headers: { location: `/v1/workflows/${header.id}` } };
}
