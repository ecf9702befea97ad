/** GET /v1/dead-letters: replies that could not be read, newest first, in pages. */
import type { DeadLetterListView } from '@baton/protocol';
import { z } from 'zod';
import { ok } from '../answer.ts';
import { DeadLetterId } from '../dead-letter-id.ts';
import type { Handler } from '../deps.ts';
import { iso } from '../fields.ts';
import { parseInput } from '../input.ts';

const Query = z.strictObject({
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: DeadLetterId.optional(),
});

export const listDeadLetters: Handler = async ({ deadLetters }, request) => {
  const query = parseInput(Query, 'The query is', request.query);
  if (!query.ok) return query.answer;
  const { limit, cursor } = query.value;
  const [{ letters, hasMore }, total] = await Promise.all([deadLetters.list({ limit, ...(cursor && { before: cursor }) }), deadLetters.count()]);
  const body: DeadLetterListView = {
    dead_letters: letters.map(({ id, stream, at, problems, raw, rawLength }) => ({
      id,
      stream,
      at: iso(at),
      problems: [...problems],
      raw,
      raw_length: rawLength,
    })),
    total,
    next_cursor: hasMore ? (letters.at(-1)?.id ?? null) : null,
  };
  return ok(body);
};
