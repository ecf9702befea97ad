/** A primary, a replica and three real Sentinels that watch them, all local servers: what a test of a failover needs. No containers: their addresses differ outside. */
import { setTimeout as delay } from 'node:timers/promises';
import { durable, type RedisFixture } from './redis-fixture.ts';
import { ask, findServer, startServer } from './redis-server.ts';

export interface SentinelFixture {
  /** For BATON_REDIS_URL. */
  readonly url: string;
  /** In the order of their start: the first is the primary, until it fails. */
  readonly servers: readonly [RedisFixture, RedisFixture];
  /** The port of whom the Sentinels take for the primary now. */
  primaryPort(): Promise<number>;
  stop(): Promise<void>;
}

const name = 'mymaster';
const sentinelCount = 3;
const quorum = 2;
const readyMs = 30_000;
const pollMs = 50;

/** A primary that is silent for a second is replaced, about two seconds later. */
const config = (port: number): string => `
sentinel monitor ${name} 127.0.0.1 ${port} ${quorum}
sentinel down-after-milliseconds ${name} 1000
sentinel failover-timeout ${name} 4000
`;

/** @throws {Error} where there is no local server */
export async function startSentinels(): Promise<SentinelFixture> {
  const program = await findServer();
  if (program === null) throw new Error('Sentinels need redis-server or valkey-server on the PATH (Debian: apt-get install redis-server).');
  const primary = await startServer(program, [...durable, '--repl-diskless-sync-delay', '0']);
  const replica = await startServer(program, [...durable, '--replicaof', '127.0.0.1', String(primary.port)]);
  await until(async () => (await ask(replica.port, 'INFO replication')).includes('master_link_status:up'), 'The replica did not connect to its primary');
  const watchers = await Promise.all(Array.from({ length: sentinelCount }, () => startServer(program, ['--sentinel'], config(primary.port))));
  const known = async ({ port }: RedisFixture): Promise<boolean> => {
    const view = await ask(port, 'INFO sentinel');
    return view.includes(`slaves=1,sentinels=${sentinelCount}`) && view.includes('status=ok');
  };
  for (const watcher of watchers) await until(() => known(watcher), 'The Sentinels did not find each other');

  return {
    url: `redis+sentinel://${watchers.map(({ port }) => `127.0.0.1:${port}`).join(',')}/${name}`,
    servers: [primary, replica],
    async primaryPort() {
      const address = await ask((watchers[0] as RedisFixture).port, `SENTINEL GET-MASTER-ADDR-BY-NAME ${name}`);
      return Number(address.split('\r\n').at(-1));
    },
    async stop() {
      await Promise.all([...watchers, replica, primary].map((server) => server.stop()));
    },
  };
}

async function until(isSo: () => Promise<boolean>, otherwise: string): Promise<void> {
  for (const giveUpAt = Date.now() + readyMs; !(await isSo()); await delay(pollMs)) {
    if (Date.now() > giveUpAt) throw new Error(`${otherwise} within ${readyMs} ms.`);
  }
}
