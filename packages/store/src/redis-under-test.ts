/** One Redis for the tests of a file, with connections that end with them. */
import { type RedisFixture, type RedisFixtureOptions, startRedis } from '@baton/testkit';
import { Cluster, type RedisOptions, Redis as Server } from 'ioredis';
import { afterAll, beforeAll } from 'vitest';
import type { Redis } from './redis.ts';

export interface RedisUnderTest {
  readonly server: RedisFixture;
  /** To what there is: one server, or a cluster. */
  connect(): Redis;
  /** To one server: with `isSingle`. */
  connectServer(options?: Pick<RedisOptions, 'retryStrategy' | 'maxRetriesPerRequest'>): Server;
}

/** To be called outside of any test. */
export function useRedis(options: RedisFixtureOptions = {}): RedisUnderTest {
  const connections: Redis[] = [];
  let server: RedisFixture | undefined;

  function started(): RedisFixture {
    if (server === undefined) throw new Error('Redis starts before the first test: use it in a test.');
    return server;
  }

  function kept<Client extends Redis>(redis: Client): Client {
    // Without a listener ioredis prints what a test does on purpose.
    redis.on('error', () => undefined);
    connections.push(redis);
    return redis;
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
    connect() {
      const { url, port } = started();
      return kept<Redis>(url.includes('+cluster') ? new Cluster([{ host: '127.0.0.1', port }]) : new Server(url));
    },
    connectServer: (connection = {}) => kept(new Server(started().url, connection)),
  };
}
