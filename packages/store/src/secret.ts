/** The deployment's secret: made by whoever asks first, and the same for everybody from then on. */
import { randomBytes } from 'node:crypto';
import type { WorkflowStore } from '@baton/core';
import type { Redis } from './redis.ts';
import { answer } from './redis-connection.ts';
import type { StoreKeys } from './store-keys.ts';

const secretBytes = 32;

export function createSecret(redis: Redis, { secret: key }: StoreKeys): Pick<WorkflowStore, 'secret'> {
  return {
    async secret() {
      const known = await answer(redis.get(key));
      if (known !== null) return known;
      await answer(redis.setnx(key, randomBytes(secretBytes).toString('hex')));
      return (await answer(redis.get(key))) as string;
    },
  };
}
