/** What a start is answered that is right, but finds no place now. */
import type { Refusal } from '@baton/engine';
import { type Answer, problem } from './answer.ts';

export function notAdmitted({ message, retryAfterMs }: Refusal): Answer {
  const answer = problem('admission_refused', message);
  return { ...answer, headers: { ...answer.headers, 'retry-after': String(Math.ceil(retryAfterMs / 1_000)) } };
}
