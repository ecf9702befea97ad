/** POST /v1/dead-letters/:id/replay: back into its stream. One that still cannot be read is a dead letter again, under another id. */
import { ok } from '../answer.ts';
import { deadLetterIdOf, unknownDeadLetter } from '../dead-letter-id.ts';
import type { Handler } from '../deps.ts';

export const replayDeadLetter: Handler = async ({ deadLetters }, request) => {
  const id = deadLetterIdOf(request);
  return id !== null && (await deadLetters.replay(id)) ? ok({ id }) : unknownDeadLetter(request);
};
