/**
 * A Redis of the test's own: a container where a Docker engine answers, a local server otherwise; its own port, its own data,
 * and gone when the process that started it is gone, however that ended. With BATON_TEST_REDIS=cluster it is a cluster of local servers.
 */
import { randomBytes } from 'node:crypto';
import { dockerAnswers } from './docker-engine.ts';
import { type ClusterFixture, startCluster } from './redis-cluster.ts';
import { startContainer } from './redis-container.ts';
import { findServer, startServer } from './redis-server.ts';

export interface RedisFixture {
  readonly url: string;
  readonly port: number;
  /** Where its data lies; null inside a container. */
  readonly dir: string | null;
  /** Ends it and removes its data. */
  stop(): Promise<void>;
  /** SIGKILL: what was not yet written is lost. */
  kill(): Promise<void>;
  /** Starts it again on the same port and data, after a clean shutdown if it still runs. */
  restart(): Promise<void>;
}

export interface RedisFixtureOptions {
  /** More arguments for the server, like `['--appendfsync', 'always']`. */
  readonly args?: readonly string[];
  /** One server, whatever BATON_TEST_REDIS says: for what is about one, like a second one that replicates it. */
  readonly isSingle?: boolean;
}

/** BATON_TEST_REDIS=cluster: the integration tests run on a Redis Cluster. */
export const isClusterTested = process.env['BATON_TEST_REDIS'] === 'cluster';

/** Nothing of a workflow may be lost or evicted. */
export const durable = ['--appendonly', 'yes', '--maxmemory-policy', 'noeviction', '--save', ''];

/** @throws {Error} saying what to install where neither a Docker engine nor a server is there */
export async function startRedis(options: RedisFixtureOptions = {}): Promise<RedisFixture> {
  if (isClusterTested && options.isSingle !== true) return await startRedisCluster(options);
  const args = [...durable, ...(options.args ?? [])];
  if (await dockerAnswers()) return await startContainer(args);
  return await startServer(await localServer(), args);
}

/** Three nodes, always of local servers: in containers they would tell clients addresses that mean nothing outside. */
export async function startRedisCluster({ args = [] }: RedisFixtureOptions = {}): Promise<ClusterFixture> {
  return await startCluster(await localServer(), [...durable, ...args]);
}

async function localServer(): Promise<string> {
  const server = await findServer();
  if (server !== null) return server;
  throw new Error(
    'The tests need a Redis: start a Docker engine, or install redis-server or valkey-server so that it is on the PATH (Debian: apt-get install redis-server; macOS: brew install redis).',
  );
}

/** Keeps tests that share a server apart; a hash tag, as every prefix of Baton is. */
export function randomPrefix(): string {
  return `{test-${randomBytes(6).toString('hex')}}`;
}
