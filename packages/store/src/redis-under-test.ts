/** One Redis for the tests of a file, with connections that end with them. */
import { type RedisFixture, type RedisFixtureOptions, startRedis } from '@baton/testkit';
import { Redis, type RedisOptions } from 'ioredis';
import { afterAll, beforeAll } from 'vitest';

export interface RedisUnderTest {
  readonly server: RedisFixture;
  connect(options?: Pick<RedisOptions, 'retryStrategy' | 'maxRetriesPerRequest'>): Redis;
}

/** To be called outside of any test. */
export function useRedis(options: RedisFixtureOptions = {}): RedisUnderTest {
  const connections: Redis[] = [];
  let server: RedisFixture | undefined;

  function started(): RedisFixture {
    if (server === undefined) throw new Error('Redis starts before the first test: use it in a test.');
    return server;
  }

  beforeAll(async () => {
    server = await startRedis(options);
  });
  afterAll(async () => {
    for (const redis of connections) redis.disconnect();
    await server?.stop();
  });

  return {
    get server() {
      return started();
    },
    connect(connection = {}) {
      const redis = new Redis(started().url, connection);
      // Without a listener ioredis prints what a test does on purpose.
      redis.on('error', () => undefined);
      connections.push(redis);
      return redis;
    },
  };
}
