/** Where a consumer of the start queue lets starts wait, and from where it lets them try again: when a place may have become free, and now and then. */
import { setTimeout as delay } from 'node:timers/promises';
import { workflowsQueue } from '@baton/protocol';
import type { Job } from 'bullmq';
import { openQueue } from './queue-handle.ts';
import type { Redis } from './redis.ts';
import { nameOf, park, release, type WaitsFor } from './waiting-starts.ts';

export interface WaitingRoomOptions {
  readonly redis: Redis;
  readonly prefix: string;
  /** How many of those that wait for this may try again now. */
  readonly room: (waitsFor: WaitsFor) => Promise<number>;
  readonly onError: (error: Error) => void;
}

export interface WaitingRoom {
  /** What others wait for that were there before this job; null: it is its turn. */
  ahead(job: Pick<Job, 'attemptsStarted'>, type: string | null): WaitsFor | null;
  /** Lets the job wait. */
  enter(job: Job, token: string | undefined, waitsFor: WaitsFor): Promise<never>;
  /** There may be a place. */
  readonly wake: () => void;
  close(): Promise<void>;
}

/** While some wait; nobody tells us of a place that came free at another orchestrator. */
const lookEveryMs = 250;
/** While none wait that we know of: those of an orchestrator that died. */
const idleEveryMs = 5_000;
/** Places that become free in such a time are filled together. */
const restMs = 20;

export function openWaitingRoom({ redis, prefix, room, onError }: WaitingRoomOptions): WaitingRoom {
  const queue = openQueue(redis, prefix, workflowsQueue);
  const closing = new AbortController();
  let waiting: ReadonlySet<string> = new Set();
  let entered = 0;
  let alarm = new AbortController();

  async function turns(): Promise<void> {
    while (!closing.signal.aborted) {
      alarm = new AbortController();
      const enteredBefore = entered;
      await release(redis, prefix, queue, room).then(
        // Who entered meanwhile may not have been seen.
        (names) => (waiting = entered === enteredBefore ? names : new Set([...waiting, ...names])),
        (error: Error) => onError(error),
      );
      await delay(waiting.size > 0 ? lookEveryMs : idleEveryMs, undefined, { signal: AbortSignal.any([closing.signal, alarm.signal]) }).catch(() => {});
      await delay(restMs, undefined, { signal: closing.signal }).catch(() => {});
    }
  }

  const running = turns();
  return {
    ahead({ attemptsStarted }, type) {
      // It was in the room before, and was let out.
      if (attemptsStarted > 1) return null;
      const possible: readonly WaitsFor[] = [{ limit: 'memory', of: '' }, ...(type === null ? [] : [{ limit: 'type' as const, of: type }])];
      return possible.find((waitsFor) => waiting.has(nameOf(waitsFor))) ?? null;
    },
    async enter(job, token, waitsFor) {
      try {
        return await park(redis, prefix, job, token, waitsFor);
      } finally {
        const isFirst = waiting.size === 0;
        waiting = new Set([...waiting, nameOf(waitsFor)]);
        entered += 1;
        if (isFirst) alarm.abort();
      }
    },
    wake: () => {
      if (waiting.size > 0) alarm.abort();
    },
    async close() {
      closing.abort();
      await running;
      await queue.close();
    },
  };
}
