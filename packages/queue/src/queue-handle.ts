/** BullMQ's queues as we open them, with the options that every handle of one must share. Apps that show queues get them from here. */
import { Queue } from 'bullmq';
import type { Redis } from './redis.ts';

export type { Queue } from 'bullmq';

/** BullMQ writes each return value into the event stream too, 10 000 of them by default (BULLMQ.md, T11); nothing of ours reads it. */
export const eventsKeptMax = 200;

/** Only a Queue sets the cap, workers never do. Shares the connection: opening one costs no socket. */
export function openQueue(redis: Redis, prefix: string, name: string): Queue {
  const queue = new Queue(name, { connection: redis, prefix, skipVersionCheck: true, streams: { events: { maxLen: eventsKeptMax } } });
  // The connection's own observer reports its errors; without a listener they would end the process.
  queue.on('error', () => {});
  return queue;
}

/** For a dashboard. */
export function openQueues(redis: Redis, prefix: string, names: readonly string[]): readonly Queue[] {
  return names.map((name) => openQueue(redis, prefix, name));
}

/** Ends the wait of a delayed job. @returns false: it waits no more, or somebody removed it */
export async function promoteJob(queue: Queue, jobId: string): Promise<boolean> {
  try {
    await queue.getBackend().promote(jobId);
    return true;
  } catch (error) {
    // BullMQ's own codes are numbers.
    if (typeof (error as { code?: unknown }).code !== 'number') throw error;
    return false;
  }
}
