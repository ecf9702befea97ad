/** How many workflows of a type may be active at the same time, where somebody has said so. Who holds to it is the one that starts them. */
import type { WorkflowStore } from '@baton/core';
import type { Redis } from './redis.ts';
import { answer } from './redis-connection.ts';
import type { StoreKeys } from './store-keys.ts';

export function createTypeLimits(redis: Redis, keys: StoreKeys): Pick<WorkflowStore, 'limitType' | 'typeLimits'> {
  return {
    async limitType(name, activeMax) {
      await answer(activeMax === null ? redis.hdel(keys.typeLimits, name) : redis.hset(keys.typeLimits, name, activeMax));
    },
    async typeLimits() {
      return new Map(Object.entries(await answer(redis.hgetall(keys.typeLimits))).map(([name, max]) => [name, Number(max)]));
    },
  };
}
