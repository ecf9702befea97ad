/** What a control, a signal or an answer came to, on the wire. */
import type { WorkflowStatus } from '@baton/core';
import type { ControlOutcome } from '@baton/engine';
import type { ControlView, ProblemBody } from '@baton/protocol';
import type { FastifyRequest } from 'fastify';
import { type Answer, ok, problem } from './answer.ts';
import { unknownWorkflow } from './workflow-id.ts';

/** @param allowedIn the states in which it would not have been refused, where it is a matter of states */
export function controlAnswer(request: FastifyRequest, workflowId: string, outcome: ControlOutcome, allowedIn: readonly WorkflowStatus[] = []): Answer {
  if (outcome.status === 'not_found') return unknownWorkflow(request);
  const { workflowStatus, message } = outcome;
  if (outcome.outcome === 'refused') return refused(message ?? `A workflow that is ${workflowStatus} does not allow it.`, workflowStatus, allowedIn);
  const body: ControlView = { workflow_id: workflowId, status: workflowStatus, outcome: outcome.outcome, ...(message !== undefined && { message }) };
  return ok(body);
}

function refused(detail: string, workflowStatus: WorkflowStatus, allowedIn: readonly WorkflowStatus[]): Answer {
  const answer = problem('refused', detail);
  const isByState = allowedIn.length > 0 && !allowedIn.includes(workflowStatus);
  const body: ProblemBody = { ...(answer.body as ProblemBody), workflow_status: workflowStatus, ...(isByState && { allowed_in: [...allowedIn] }) };
  return { ...answer, body };
}
