/** GET /v1/workflows/:id/result?wait=30s: 200 when the workflow has ended, 202 when not, at the latest after `wait`. */
import { setTimeout as sleep } from 'node:timers/promises';
import { hasEnded, type WorkflowSummary } from '@baton/core';
import { within } from '@baton/telemetry';
import { z } from 'zod';
import { type Answer, problem } from '../answer.ts';
import { type ApiDeps, answerTimeoutMsDefault, type Handler } from '../deps.ts';
import { parseInput } from '../input.ts';
import { resultView } from '../view.ts';
import { unknownWorkflow, workflowIdOf } from '../workflow-id.ts';

export const waitMsMax = 60_000;
const pollMs = { first: 50, factor: 1.5, max: 500 } as const;

const wait = z
  .string()
  .regex(/^\d{1,6}(ms|s)$/, 'must be a time like 30s or 500ms')
  .transform((text) => Number.parseInt(text, 10) * (text.endsWith('ms') ? 1 : 1_000))
  .refine((ms) => ms <= waitMsMax, `must be at most ${waitMsMax / 1_000}s; ask again for more`);
const Query = z.strictObject({ wait: wait.default(0) });

export const getResult: Handler = async (deps, request) => {
  const query = parseInput(Query, 'The query is', request.query);
  if (!query.ok) return query.answer;
  const id = workflowIdOf(request);
  const summary = id === null ? null : await ended(deps, id, query.value.wait, request.signal);
  return summary === null ? unknownWorkflow(request) : answer(summary);
};

function answer({ header, state, isLost }: WorkflowSummary): Answer {
  if (isLost) return problem('payload_lost', 'The workflow was completed, but its result was kept out of line and is gone. Start the workflow anew.');
  return { status: hasEnded(state) ? 200 : 202, body: resultView(header, state) };
}

/** The summary once the workflow has ended, or as it stands when the time is up, the client is gone, or the process stops. */
async function ended(
  { store, now, stopping, answerTimeoutMs = answerTimeoutMsDefault }: ApiDeps,
  id: string,
  waitMs: number,
  gone: AbortSignal,
): Promise<WorkflowSummary | null> {
  const until = now() + waitMs;
  const enough = AbortSignal.any(stopping ? [gone, stopping] : [gone]);
  for (let pauseMs: number = pollMs.first; ; pauseMs = Math.min(pauseMs * pollMs.factor, pollMs.max)) {
    const summary = await within(answerTimeoutMs, 'Redis did not answer', store.summary(id));
    const leftMs = until - now();
    if (summary === null || hasEnded(summary.state) || leftMs <= 0 || enough.aborted) return summary;
    await sleep(Math.min(pauseMs, leftMs), undefined, { signal: enough }).catch(() => undefined);
  }
}
