/** What of Redis keeps a process from its work, for its readiness: no connection, or a Redis that takes no writes. It is found out by writing. */
import type { Redis } from './redis.ts';
import { isPassingRefusal } from './refusal.ts';
import { isShardUp } from './shards.ts';

const keptMs = 10_000;

/** Empty: none. Rejects, or does not answer, where Redis does so. */
export async function redisProblems(redis: Redis, prefix: string): Promise<readonly { readonly code: string; readonly message: string }[]> {
  if (redis.status !== 'ready') return [{ code: 'redis_unreachable', message: 'There is no connection to Redis.' }];
  try {
    await redis.set(`${prefix}:probe`, '1', 'PX', keptMs);
    return [];
  } catch (error) {
    if (!isPassingRefusal(error)) throw error;
    return [{ code: 'redis_refuses', message: `Redis takes no writes: ${(error as Error).message}` }];
  }
}

/** Of a deployment: of a cluster one node may be away, and there is work in the others. Problems only where no shard is without. */
export async function shardProblems(redis: Redis, prefixes: readonly string[]): ReturnType<typeof redisProblems> {
  const up = prefixes.filter((prefix) => isShardUp(redis, prefix));
  const [home] = prefixes as [string, ...string[]];
  const found = await Promise.all((up.length === 0 ? [home] : up).map((prefix) => redisProblems(redis, prefix)));
  return found.find((problems) => problems.length === 0) ?? (found[0] as (typeof found)[number]);
}
