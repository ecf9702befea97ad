/** POST /v1/dead-letters/:id/drop: for good. */
import { ok } from '../answer.ts';
import { deadLetterIdOf, unknownDeadLetter } from '../dead-letter-id.ts';
import type { Handler } from '../deps.ts';

export const dropDeadLetter: Handler = async ({ deadLetters }, request) => {
  const id = deadLetterIdOf(request);
  return id !== null && (await deadLetters.drop(id)) ? ok({ id }) : unknownDeadLetter(request);
};
