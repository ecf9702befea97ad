/**
 * Redis answers, but does not take what it is given for now: it is full, read-only, loading, or busy. That passes without our doing, so it is waited for
 * like an outage, and counts against nobody: neither as a failed attempt of a handler nor as a bug.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Worker } from 'bullmq';

/** The first word of what Redis answers. https://redis.io/docs/latest/develop/reference/protocol-spec/#simple-errors */
const passing = /^(OOM|READONLY|LOADING|BUSY|MISCONF|MASTERDOWN|NOREPLICAS|CLUSTERDOWN|TRYAGAIN|UNBLOCKED)\b/;
const againMs = { first: 100, factor: 2, max: 2_000 } as const;
const restMs = 1_000;

/** Also of an error that was caught and wrapped, and of a transaction that was refused for one of its commands: a full Redis takes none, not even of reads. */
export function isPassingRefusal(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { previousErrors = [] } = error as { readonly previousErrors?: readonly unknown[] };
  return passing.test(error.message) || isPassingRefusal(error.cause) || previousErrors.some(isPassingRefusal);
}

/**
 * What `act` comes to, once Redis takes it. `act` is called again and again, so that twice must be once.
 *
 * @throws what it throws for any other reason, and what it threw last when the signal aborts
 */
export async function onceTaken<Value>(act: () => Promise<Value>, signal: AbortSignal): Promise<Value> {
  for (let waitMs: number = againMs.first; ; waitMs = Math.min(waitMs * againMs.factor, againMs.max)) {
    try {
      return await act();
    } catch (error) {
      if (!isPassingRefusal(error) || signal.aborted) throw error;
      await delay(waitMs, undefined, { signal }).catch(() => undefined);
    }
  }
}

/** A worker of BullMQ that was refused a job asks for one again at once, and so thousands of times a second: it rests in between. */
export function restAfterRefusals(worker: Worker): void {
  let rest: NodeJS.Timeout | undefined;
  const resume = (): void => {
    rest = undefined;
    void worker.resume();
  };
  worker.on('error', (error) => {
    if (rest !== undefined || !isPassingRefusal(error)) return;
    rest = setTimeout(resume, restMs);
    // What it works on goes on meanwhile.
    void worker.pause(true);
  });
  worker.on('closing', () => clearTimeout(rest));
}
