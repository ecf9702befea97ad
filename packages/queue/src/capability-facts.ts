/** What the queue knows of a capability, and how many of its subtasks may run at the same time. */
import type { CapabilityFacts } from '@baton/core';
import type { Queue } from 'bullmq';
import type { Redis } from './redis.ts';
import { agentsOf } from './registry.ts';

/** All commands are written before the first answer is awaited: with those of other capabilities, one round trip on the socket. */
export async function readCapability(redis: Redis, prefix: string, queue: Queue, capability: string): Promise<CapabilityFacts> {
  const [counts, limit, agents] = await Promise.all([
    queue.getJobCounts('waiting', 'prioritized', 'active'),
    queue.getGlobalConcurrency(),
    agentsOf(redis, prefix, capability),
  ]);
  return { capability, agents, queued: (counts['waiting'] ?? 0) + (counts['prioritized'] ?? 0), active: counts['active'] ?? 0, limit };
}

/** Stands in the queue's own record, which every fetch of every agent reads, and so holds for all of them from now on. */
export async function limitConcurrency(redis: Redis, queue: Queue, limit: number | null): Promise<void> {
  if (limit === null) await queue.removeGlobalConcurrency();
  else await queue.setGlobalConcurrency(limit);
  // A higher limit wakes nobody: agents that found the old one reached sleep for some seconds. The marker is what BullMQ wakes them with.
  await redis.zadd(queue.toKey('marker'), 0, '0');
}
