/** GET /v1/workflows/:id/why: one reason for each subtask that has not ended. */
import { ok } from '../answer.ts';
import type { Handler } from '../deps.ts';
import { whyView } from '../view.ts';
import { unknownWorkflow, workflowIdOf } from '../workflow-id.ts';

export const getWhy: Handler = async ({ engine }, request) => {
  const id = workflowIdOf(request);
  const why = id === null ? null : await engine.why(id);
  return id === null || why === null ? unknownWorkflow(request) : ok(whyView(id, why));
};
