/** POST /v1/dead-letters/replay: all that there are now. */
import { ok } from '../answer.ts';
import type { Handler } from '../deps.ts';

export const replayDeadLetters: Handler = async ({ deadLetters }) => ok({ replayed: await deadLetters.replayAll() });
