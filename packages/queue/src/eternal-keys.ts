/**
 * Leases and locks that lost their expiry: a key that was copied, restored or persisted by hand. Whoever holds such a key renews it with an expiry;
 * where nobody does, it would be held for ever: a partition that nobody takes over, a job that no agent gets.
 */
import { partitionCount } from '@baton/core';
import { capabilityQueue, webhooksQueue, workflowsQueue } from '@baton/protocol';
import { knownCapabilities } from './capability-set.ts';
import { ownerKey } from './lease.ts';
import { openQueue } from './queue-handle.ts';
import type { Redis } from './redis.ts';
import { agentKey, agentsKey } from './registry.ts';
import { turnKeys } from './turn.ts';

/** Longer than any renewal takes. */
const graceMs = 60_000;
const withoutExpiry = -1;

export async function eternalKeys(redis: Redis, prefix: string): Promise<readonly string[]> {
  const keys = await temporaryKeys(redis, prefix);
  const left = await Promise.all(keys.map((key) => redis.pttl(key)));
  return keys.filter((_, index) => left[index] === withoutExpiry);
}

/** Gives them an expiry, which changes nothing for those that somebody holds. @returns how many had none */
export async function expireEternalKeys(redis: Redis, prefix: string): Promise<number> {
  const keys = await eternalKeys(redis, prefix);
  const changed = await Promise.all(keys.map((key) => redis.pexpire(key, graceMs, 'NX')));
  return changed.filter((each) => each === 1).length;
}

async function temporaryKeys(redis: Redis, prefix: string): Promise<readonly string[]> {
  const [capabilities, agents] = await Promise.all([knownCapabilities(redis, prefix), redis.zrange(agentsKey(prefix), '0', '-1')]);
  const names = [workflowsQueue, webhooksQueue, ...capabilities.map(capabilityQueue)];
  return [
    ...turnKeys(prefix),
    ...Array.from({ length: partitionCount }, (_, partition) => ownerKey(prefix, partition)),
    ...agents.map((id) => agentKey(prefix, id)),
    ...(await Promise.all(names.map((name) => keysOfQueue(redis, prefix, name)))).flat(),
  ];
}

/** As many as there are jobs at work, and the one that spaces the looks for those whose agents died. */
async function keysOfQueue(redis: Redis, prefix: string, name: string): Promise<readonly string[]> {
  const queue = openQueue(redis, prefix, name);
  const active = await queue.getRanges(['active'], 0, -1);
  await queue.close();
  return [queue.toKey('stalled-check'), ...active.map((jobId) => `${queue.toKey(jobId)}:lock`)];
}
