/** Jobs that the queue has given up: no agent could read them, or they took down one agent after the other. The engine learns of each when it asks. */
import { capabilityQueue } from '@baton/protocol';
import { knownCapabilities } from './capability-set.ts';
import { openQueue } from './queue-handle.ts';
import type { Redis } from './redis.ts';

export interface GivenUp {
  readonly capability: string;
  readonly jobs: number;
  /** Of the last one. */
  readonly jobId: string;
  readonly reason: string;
}

/** @param since ms, by the clock of agents */
export async function readGivenUp(redis: Redis, prefix: string, since: number): Promise<readonly GivenUp[]> {
  const capabilities = (await knownCapabilities(redis, prefix)).toSorted();
  const found = await Promise.all(capabilities.map((capability) => givenUp(redis, prefix, capability, since)));
  return found.filter((each) => each !== null);
}

async function givenUp(redis: Redis, prefix: string, capability: string, since: number): Promise<GivenUp | null> {
  const queue = openQueue(redis, prefix, capabilityQueue(capability));
  // BullMQ's score is when they failed.
  const jobs = await redis.zcount(queue.toKey('failed'), since, '+inf');
  const [last] = jobs === 0 ? [] : await queue.getFailed(0, 0);
  await queue.close();
  return last === undefined ? null : { capability, jobs, jobId: String(last.id), reason: last.failedReason ?? 'no reason given' };
}
