/** The port `LoadReader`: what Redis says of its memory, and how much waits in the queues of capabilities. */
import type { LoadReader } from '@baton/core';
import { capabilityQueue } from '@baton/protocol';
import { QueueKeys } from 'bullmq';
import { knownCapabilities } from './capability-set.ts';
import type { Redis } from './redis.ts';
import { memoryUse, parseInfo } from './server-info.ts';
import { serverOf } from './shards.ts';

export function createLoadReader(redis: Redis, prefix: string): LoadReader {
  return {
    async read(isQueuedAskedFor) {
      const [info, queued] = await Promise.all([
        serverOf(redis, prefix).info('memory'),
        isQueuedAskedFor ? readQueued(redis, prefix) : new Map<string, number>(),
      ]);
      return { memory: memoryUse(parseInfo(info)), queued };
    },
  };
}

async function readQueued(redis: Redis, prefix: string): Promise<ReadonlyMap<string, number>> {
  const capabilities = await knownCapabilities(redis, prefix);
  const keys = new QueueKeys(prefix);
  const counts = capabilities.map(async (capability) => {
    const name = capabilityQueue(capability);
    const [waiting, prioritized] = await Promise.all([redis.llen(keys.toKey(name, 'wait')), redis.zcard(keys.toKey(name, 'prioritized'))]);
    return [capability, waiting + prioritized] as const;
  });
  return new Map(await Promise.all(counts));
}
