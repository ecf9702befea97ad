/** What of Redis keeps a process from its work, for its readiness: no connection, or a Redis that takes no writes. It is found out by writing. */
import type { Redis } from './redis.ts';
import { isPassingRefusal } from './refusal.ts';
import { isShardUp } from './shards.ts';

const keptMs = 10_000;

interface RedisProblem {
  readonly code: string;
  readonly message: string;
}

/** Empty: none. Of several shards, while one takes writes: a node that is away is no reason to end what works on the others. Rejects, or does not answer, where Redis does so. */
export async function redisProblems(redis: Redis, prefixes: readonly string[]): Promise<readonly RedisProblem[]> {
  if (redis.status !== 'ready') return [{ code: 'redis_unreachable', message: 'There is no connection to Redis.' }];
  return await Promise.any(prefixes.map((prefix) => probe(redis, prefix))).catch(({ errors }: AggregateError) => {
    const [first] = errors as readonly unknown[];
    if (!isPassingRefusal(first)) throw first;
    return [{ code: 'redis_refuses', message: `Redis takes no writes: ${(first as Error).message}` }];
  });
}

async function probe(redis: Redis, prefix: string): Promise<readonly RedisProblem[]> {
  await redis.set(`${prefix}:probe`, '1', 'PX', keptMs);
  return [];
}

/** Of a deployment: of a cluster one node may be away, and there is work in the others. Problems only where no shard is without. */
export async function shardProblems(redis: Redis, prefixes: readonly string[]): ReturnType<typeof redisProblems> {
  const up = prefixes.filter((prefix) => isShardUp(redis, prefix));
  const [home] = prefixes as [string, ...string[]];
  const found = await Promise.all((up.length === 0 ? [home] : up).map((prefix) => redisProblems(redis, prefix)));
  return found.find((problems) => problems.length === 0) ?? (found[0] as (typeof found)[number]);
}
