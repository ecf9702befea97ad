/** Replies that could not be read: what there is to see of them, and what can be done with them. */
import { z } from 'zod';
import { ProblemItem } from './http.ts';

export const DeadLetterView = z.object({
  id: z.string(),
  stream: z.string().describe('The result stream that it came from: res.<capability>.<partition>'),
  at: z.iso.datetime().describe('When it was put aside'),
  problems: z.array(ProblemItem).describe('Why it could not be read'),
  raw: z.string().describe('Its beginning, as it came'),
  raw_length: z.int().describe('Of all of it, in characters'),
});
export type DeadLetterView = z.output<typeof DeadLetterView>;

/** `GET /v1/dead-letters`: newest first. */
export const DeadLetterListView = z.object({ dead_letters: z.array(DeadLetterView), total: z.int(), next_cursor: z.string().nullable() });
export type DeadLetterListView = z.output<typeof DeadLetterListView>;

/** `POST /v1/dead-letters/:id/replay` and `…/drop` */
export const DeadLetterDoneView = z.object({ id: z.string() });
export type DeadLetterDoneView = z.output<typeof DeadLetterDoneView>;

/** `POST /v1/dead-letters/replay`: all that there were when it was asked. */
export const DeadLettersReplayedView = z.object({ replayed: z.int() });
export type DeadLettersReplayedView = z.output<typeof DeadLettersReplayedView>;
