/** The store on Redis keeps the contract that the one in memory keeps. */
import { randomPrefix, storeContract } from '@baton/testkit';
import { useRedis } from './redis-under-test.ts';
import { createStore } from './store.ts';

const redis = useRedis();

storeContract('Redis', () => {
  const prefix = randomPrefix();
  return { store: createStore({ redis: redis.connect(), prefix }), reopen: () => createStore({ redis: redis.connect(), prefix }) };
});
