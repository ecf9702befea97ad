/** POST /v1/workflows: starts a workflow of a registered type or of the definition that comes with it. Idempotent by `workflow_id`. */
import type { WorkflowSummary } from '@baton/core';
import { StartWorkflowBody, type StartWorkflowView } from '@baton/protocol';
import { type Answer, existingTypes, problem, problemsAnswer } from '../answer.ts';
import { caller } from '../caller.ts';
import type { Handler } from '../deps.ts';
import { parseInput } from '../input.ts';
import { notAdmitted } from '../not-admitted.ts';

export const startWorkflow: Handler = async ({ engine, store }, { body }) => {
  const input = parseInput(StartWorkflowBody, 'The body is', body);
  if (!input.ok) return input.answer;
  const { workflow_id, type, version, definition, params, conversation_id } = input.value;
  const outcome = await engine.start({
    ...(workflow_id !== undefined && { workflowId: workflow_id }),
    ...(type !== undefined && { type }),
    ...(version !== undefined && { version }),
    ...(definition !== undefined && { definition }),
    ...(conversation_id !== undefined && { conversationId: conversation_id }),
    params,
    caller,
  });
  switch (outcome.status) {
    case 'created':
    case 'existing':
      return started(outcome.summary, outcome.status === 'created');
    case 'conflict':
      return problem('conflict', outcome.message);
    case 'unknown_type':
      return problem('unknown_type', `${outcome.message} ${existingTypes(await store.types())}`);
    case 'invalid':
      if (outcome.problems.some(({ path, code }) => path === '/params' && code === 'too_large'))
        return problemsAnswer('payload_too_large', 'The params are', outcome.problems);
      return problemsAnswer('invalid_workflow', 'The workflow is', outcome.problems);
    case 'not_admitted':
      return notAdmitted(outcome.refusal);
  }
};

function started({ header, state }: WorkflowSummary, created: boolean): Answer {
  const body: StartWorkflowView = { workflow_id: header.id, type: header.type, version: header.version, status: state.status, created };
  return { status: created ? 201 : 200, body, headers: { location: `/v1/workflows/${header.id}` } };
}
