/** The dead letter that a path names. */
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { type Answer, problem } from './answer.ts';

/** Of an entry of a Redis stream, with the number of the shard where there are several. */
export const DeadLetterId = z.string().regex(/^\d{1,20}-\d{1,20}(\.\d{1,3})?$/, 'must be the id of a dead letter, like 1767225600000-0');

/** What cannot be an id names nothing. */
export function deadLetterIdOf(request: FastifyRequest): string | null {
  const id = DeadLetterId.safeParse((request.params as { id: string }).id);
  return id.success ? id.data : null;
}

export function unknownDeadLetter(request: FastifyRequest): Answer {
  const { id } = request.params as { id: string };
  return problem('unknown_dead_letter', `There is no dead letter "${id}" (any more); GET /v1/dead-letters or \`baton dead list\` shows those that there are.`);
}
