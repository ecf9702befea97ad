/**
 * The queues that a process has to do with, each opened once. **Invariant:** it has so many open at most, of the names that come up the most lately:
 * each is some kilobytes and listens to the connection, and the names of capabilities come from definitions, which anybody may bring.
 */
import type { Queue } from 'bullmq';
import { LRUCache } from 'lru-cache';
import { openQueue } from './queue-handle.ts';
import type { Redis } from './redis.ts';

/** More than are dispatched to in one turn: one that is in use is never closed. */
const openMax = 1_000;

export interface OpenQueues {
  readonly get: (name: string) => Queue;
  readonly close: () => Promise<void>;
}

export function createOpenQueues(redis: Redis, prefix: string, queuesMax = openMax): OpenQueues {
  const closing = new Set<Promise<void>>();
  const queues = new LRUCache<string, Queue>({
    max: queuesMax,
    dispose(queue) {
      // It shares the connection, so there is nothing to wait for but its own bookkeeping.
      const closed = queue.close().finally(() => closing.delete(closed));
      closing.add(closed);
    },
  });
  return {
    get(name) {
      const queue = queues.get(name) ?? openQueue(redis, prefix, name);
      queues.set(name, queue);
      return queue;
    },
    async close() {
      queues.clear();
      await Promise.all(closing);
    },
  };
}
