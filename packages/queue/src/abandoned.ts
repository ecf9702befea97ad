/**
 * Capabilities that somebody asked for and nobody serves. BullMQ looks after stalled and delayed jobs only from a worker of the same
 * queue (BULLMQ.md, T9), so these stand still: the first agent that comes takes all of them up, and until then the engine's deadlines
 * end them. Not here: what is done about them without an agent, which is the janitor's.
 */
import { capabilityQueue } from '@baton/protocol';
import { knownCapabilities } from './capability-set.ts';
import { openQueue } from './queue-handle.ts';
import type { Redis } from './redis.ts';
import { listAgents } from './registry.ts';

export interface AbandonedCapability {
  readonly capability: string;
  /** Subtasks that wait, that agents left when they died, and whose next attempt nobody begins. */
  readonly jobs: number;
}

export async function abandonedCapabilities(redis: Redis, prefix: string): Promise<readonly AbandonedCapability[]> {
  const [known, agents] = await Promise.all([knownCapabilities(redis, prefix), listAgents(redis, prefix)]);
  const served = new Set(agents.flatMap(({ capabilities }) => capabilities.map(({ name }) => name)));
  const abandoned = await Promise.all(known.filter((capability) => !served.has(capability)).map((capability) => count(redis, prefix, capability)));
  return abandoned.filter(({ jobs }) => jobs > 0);
}

async function count(redis: Redis, prefix: string, capability: string): Promise<AbandonedCapability> {
  const queue = openQueue(redis, prefix, capabilityQueue(capability));
  const jobs = await queue.getJobCountByTypes('waiting', 'active', 'delayed');
  await queue.close();
  return { capability, jobs };
}
