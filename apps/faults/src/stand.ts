/** The deployment under test: a Redis of its own, and behind a proxy each, two orchestrators, an API and four processes of agents. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { connectRedis, type Redis } from '@baton/queue';
import { freePort, type RedisFixture, randomPrefix, startRedis, startTcpProxy } from '@baton/testkit';
import { Member, type Role } from './member.ts';

export interface Stand {
  readonly server: RedisFixture;
  /** Past all proxies. */
  readonly redis: Redis;
  readonly prefix: string;
  readonly apiUrl: string;
  readonly journal: string;
  readonly members: readonly Member[];
  /** SIGTERM to all. @returns by name, how they ended */
  end(): Promise<ReadonlyMap<string, number | null>>;
  /** Whatever still runs, and the Redis. */
  dispose(): Promise<void>;
}

/** Short, so that what was left alone is taken up again within seconds, and longer than a machine with much to do is silent. */
export const times = { leaseMs: 3_000, lockMs: 3_000, stalledMs: 1_000 } as const;

const folder = (app: string): string => join(import.meta.dirname, '../../', app, 'src/main.ts');
const counts: Readonly<Record<Role, number>> = { orchestrator: 2, api: 1, agent: 4 };

export const treeSettings = ['auto', 'on', 'off'] as const;

export interface StandOptions {
  /** Where logs and the journal go. */
  readonly dir: string;
  /** `BATON_TREES` of whoever dispatches. */
  readonly trees: (typeof treeSettings)[number];
  readonly onFinding: (finding: string) => void;
}

export async function startStand({ dir, trees, onFinding }: StandOptions): Promise<Stand> {
  await using started = new AsyncDisposableStack();
  await mkdir(dir, { recursive: true });
  // With `everysec` a SIGKILL may take the last second with it, as its documentation says; then nobody could tell what Baton has lost from what Redis has.
  const server = await startRedis({ args: ['--appendfsync', 'always'] });
  started.defer(() => server.stop());
  const redis = await connectRedis(server.url, { name: 'faults-driver' });
  started.defer(() => redis.disconnect());
  const [prefix, journal, apiPort] = [randomPrefix(), join(dir, 'journal'), await freePort()];

  const mains: Readonly<Record<Role, { readonly main: string; readonly env: Readonly<Record<string, string>> }>> = {
    orchestrator: { main: folder('orchestrator'), env: { BATON_METRICS_PORT: '0', BATON_LEASE_MS: String(times.leaseMs) } },
    api: { main: folder('api'), env: { BATON_API_PORT: String(apiPort) } },
    agent: {
      main: join(import.meta.dirname, 'agent-main.ts'),
      env: { FAULTS_JOURNAL: journal, FAULTS_LOCK_MS: String(times.lockMs), FAULTS_STALLED_MS: String(times.stalledMs) },
    },
  };
  // What a restart costs is mostly reading the sources.
  const common = { BATON_PREFIX: prefix, BATON_TREES: trees, NODE_COMPILE_CACHE: join(dir, '..', 'compile-cache') };
  const members: Member[] = [];
  for (const [role, count] of Object.entries(counts) as [Role, number][]) {
    for (let number = 1; number <= count; number += 1) {
      const proxy = await startTcpProxy(server.port);
      started.defer(() => proxy.stop());
      const { main, env } = mains[role];
      const member = new Member({
        name: count === 1 ? role : `${role}-${number}`,
        role,
        main,
        env: { ...common, ...env, BATON_REDIS_URL: `redis://127.0.0.1:${proxy.port}` },
        proxy,
        logs: dir,
        onFinding,
      });
      started.defer(() => member.drop());
      members.push(member);
    }
  }
  await Promise.all(members.map((member) => member.ready()));

  const ending = started.move();
  return {
    server,
    redis,
    prefix,
    apiUrl: `http://127.0.0.1:${apiPort}`,
    journal,
    members,
    end: async () => new Map(await Promise.all(members.map(async (member) => [member.name, await member.stop()] as const))),
    dispose: () => ending.disposeAsync(),
  };
}
