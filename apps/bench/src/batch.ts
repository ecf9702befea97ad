/** Many workflows started by queue at once, and the wait until they have come to where they shall come. */
import { setTimeout as delay } from 'node:timers/promises';
import type { StartQueue } from '@baton/queue';
import { textOf } from './payload.ts';
import type { Workload } from './workload.ts';

const enqueuedAtOnce = 500;
const silentMsMax = 60_000;

/** The type that is started: those before it are parts of it. */
export function typeOf({ types }: Workload): string {
  return types.at(-1)?.name ?? '';
}

export async function enqueueAll(queue: StartQueue, workload: Workload, ids: readonly string[], signal: AbortSignal): Promise<void> {
  for (let at = 0; at < ids.length; at += enqueuedAtOnce) {
    signal.throwIfAborted();
    const some = ids.slice(at, at + enqueuedAtOnce);
    await Promise.all(
      some.map((id) => queue.enqueue({ workflow_id: id, type: typeOf(workload), params: { ...workload.params(textOf(id)) } as Record<string, never> })),
    );
  }
}

/** @throws when nothing moves for too long */
export async function reached(count: () => Promise<number>, goal: number, pollMs: number, signal: AbortSignal): Promise<void> {
  let [last, since] = [-1, performance.now()];
  for (let now = await count(); now < goal; now = await count()) {
    if (now !== last) [last, since] = [now, performance.now()];
    if (performance.now() > since + silentMsMax) throw new Error(`Only ${now} of ${goal} workflows came to where they were to come.`);
    await delay(pollMs, undefined, { signal });
  }
}
