/** The workflow that a path names. An id that cannot be one names nothing. */
import { WorkflowId } from '@baton/core';
import type { FastifyRequest } from 'fastify';
import { type Answer, problem } from './answer.ts';

export function workflowIdOf(request: FastifyRequest): string | null {
  const id = WorkflowId.safeParse((request.params as { id: string }).id);
  return id.success ? id.data : null;
}

export function unknownWorkflow(request: FastifyRequest): Answer {
  const { id } = request.params as { id: string };
  return problem(
    'unknown_workflow',
    `There is no workflow "${id}". It may have been removed after its retention; GET /v1/workflows or \`baton workflow list\` shows those that there are.`,
  );
}
