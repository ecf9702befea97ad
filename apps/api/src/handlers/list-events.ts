/** GET /v1/workflows/:id/events?after=: everything that was decided, oldest first, as a hash chain. */
import { z } from 'zod';
import { ok } from '../answer.ts';
import type { Handler } from '../deps.ts';
import { parseInput } from '../input.ts';
import { eventsView } from '../view.ts';
import { unknownWorkflow, workflowIdOf } from '../workflow-id.ts';

const Query = z.strictObject({
  after: z.string().min(1).max(64).optional(),
  limit: z.coerce.number().int().min(1).max(1_000).default(100),
});

export const listEvents: Handler = async ({ store }, request) => {
  const query = parseInput(Query, 'The query is', request.query);
  if (!query.ok) return query.answer;
  const id = workflowIdOf(request);
  if (id === null || (await store.summary(id)) === null) return unknownWorkflow(request);
  const { after = null, limit } = query.value;
  return ok(eventsView(await store.events(id, after, limit), limit));
};
