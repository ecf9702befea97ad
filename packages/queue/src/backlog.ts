/** Replies that nobody has settled yet: how many, and for how long the first of each stream has stood there. */
import { childCapability, partitionCount } from '@baton/core';
import { resultStream } from '@baton/protocol';
import { knownCapabilities } from './capability-set.ts';
import type { Redis } from './redis.ts';
import { streamKey } from './result-stream.ts';
import { msOf } from './server-time.ts';

export interface StreamBacklog {
  /** `res.<capability>.<partition>` */
  readonly stream: string;
  readonly partition: number;
  readonly replies: number;
  /** By the clock of Redis. */
  readonly oldestAgeMs: number;
}

/** Of streams with replies in them, the one that has waited longest first. Counted first, as a reply may be long and most streams are empty. */
export async function readBacklog(redis: Redis, prefix: string): Promise<readonly StreamBacklog[]> {
  const capabilities = new Set([childCapability, ...(await knownCapabilities(redis, prefix))]);
  const streams = [...capabilities].flatMap((capability) => Array.from({ length: partitionCount }, (_, partition) => ({ capability, partition })));
  const counted = await Promise.all(streams.map(async (each) => ({ ...each, replies: await redis.xlen(streamKey(prefix, each.capability, each.partition)) })));
  const filled = counted.filter(({ replies }) => replies > 0);
  const [time, heads] = await Promise.all([
    redis.time(),
    Promise.all(filled.map(({ capability, partition }) => redis.xrange(streamKey(prefix, capability, partition), '-', '+', 'COUNT', 1))),
  ]);
  const backlog = filled.flatMap(({ capability, partition, replies }, index) => {
    const id = heads[index]?.[0]?.[0];
    // Redis begins an entry's id with its time.
    return id === undefined ? [] : [{ stream: resultStream(capability, partition), partition, replies, oldestAgeMs: msOf(time) - Number.parseInt(id, 10) }];
  });
  return backlog.toSorted((one, other) => other.oldestAgeMs - one.oldestAgeMs);
}
