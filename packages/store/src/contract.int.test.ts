/** The store on Redis keeps the contract that the one in memory keeps. */
import { type RedisFixture, randomPrefix, startRedis, storeContract } from '@baton/testkit';
import { Redis } from 'ioredis';
import { afterAll, beforeAll } from 'vitest';
import { createStore } from './store.ts';

let server: RedisFixture;
const connections: Redis[] = [];

function connect(): Redis {
  const redis = new Redis(server.url);
  connections.push(redis);
  return redis;
}

beforeAll(async () => {
  server = await startRedis();
});

afterAll(async () => {
  for (const redis of connections) redis.disconnect();
  await server.stop();
});

storeContract('Redis', () => {
  const prefix = randomPrefix();
  return { store: createStore({ redis: connect(), prefix }), reopen: () => createStore({ redis: connect(), prefix }) };
});
