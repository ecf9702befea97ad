/**
 * How many jobs that are done the queues keep, and for how long. **Invariant:** none is taken away at once: a dispatch replayed from the outbox must find
 * the job that it has added before (BULLMQ.md, T7), and what a lost reply said is read from there.
 */
import { capabilityQueue, webhooksQueue, workflowsQueue } from '@baton/protocol';
import type { KeepJobs, Queue } from 'bullmq';
import { knownCapabilities } from './capability-set.ts';
import { eventsKeptMax, openQueue } from './queue-handle.ts';
import type { Redis } from './redis.ts';

const completed = { age: 3_600, count: 1_000 } as const satisfies KeepJobs;
const failed = { age: 86_400, count: 1_000 } as const satisfies KeepJobs;

/** For jobs, and for workers: jobs of producers that say nothing of it would be kept for ever. */
export const keptJobs = { removeOnComplete: completed, removeOnFail: failed } as const;

/**
 * Takes away jobs that have been done for too long: BullMQ looks at that only when another one is done, so a queue that nobody uses any more would
 * keep its last ones for ever. And events beyond those that we keep, where a producer opened the queue with a bound of its own.
 *
 * @returns how many jobs
 */
export async function trimFinishedJobs(redis: Redis, prefix: string): Promise<number> {
  const names = [workflowsQueue, webhooksQueue, ...(await knownCapabilities(redis, prefix)).map(capabilityQueue)];
  let trimmed = 0;
  // One after the other: this is no business of the moment.
  for (const name of names) {
    const queue = openQueue(redis, prefix, name);
    trimmed += await trim(queue);
    await queue.close();
  }
  return trimmed;
}

async function trim(queue: Queue): Promise<number> {
  const [done, broken] = [
    await queue.clean(completed.age * 1_000, completed.count, 'completed'),
    await queue.clean(failed.age * 1_000, failed.count, 'failed'),
  ];
  await queue.trimEvents(eventsKeptMax);
  return done.length + broken.length;
}
