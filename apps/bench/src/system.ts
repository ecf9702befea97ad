/** The systems that are measured, each a set of processes on a Redis of its own, with the same file settings and the same concurrency. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { connectRedis, listAgents, type Redis } from '@baton/queue';
import { randomPrefix, startRedis } from '@baton/testkit';
import { appMain, type MeasuredProcess, ownMain, root, startProcess } from './process.ts';

export const systemNames = ['baton', 'raw-flow', 'raw-step'] as const;
export type SystemName = (typeof systemNames)[number];

/** Subtasks at the same time on each of the queues. */
export const concurrency = 50;

const state = join(root, '.baton/bench');
/** As `infra/redis.conf` has them. */
const redisArgs = ['--appendfsync', 'everysec', '--hash-max-listpack-entries', '64', '--hash-max-listpack-value', '1024'];

export interface System {
  readonly name: SystemName;
  readonly redisUrl: string;
  readonly prefix: string;
  /** null where there is none. */
  readonly apiUrl: string | null;
  readonly processes: readonly MeasuredProcess[];
  /** One more process of this role; it is called by the role and a number. */
  another(role: string): Promise<MeasuredProcess>;
  stop(): Promise<void>;
}

export interface SystemOptions {
  /** More environment for its processes. */
  readonly settings: Readonly<Record<string, string>>;
  /** Those of Baton's processes that do the work log nothing and keep no metrics. */
  readonly isQuiet?: boolean;
  /** The file for the CPU profile of a process; null, or without it: none is made. */
  readonly profileOf?: (role: string) => string | null;
}

interface Launch {
  readonly role: string;
  readonly main: string;
  readonly args?: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** What it logs when it is ready. */
  readonly event: string;
  /** That it works can be seen in Redis too, so it may be quiet. */
  readonly isSeen?: (redis: Redis, prefix: string) => Promise<boolean>;
}

const quiet = { BATON_LOG_LEVEL: 'silent', BATON_METRICS_PORT: 'off' } as const;

/** Redis is one of its own, with the append-only file on, fsynced every second. */
export async function startSystem(name: SystemName, { settings, isQuiet = false, profileOf }: SystemOptions): Promise<System> {
  await using started = new AsyncDisposableStack();
  const server = await startRedis({ args: redisArgs });
  started.defer(() => server.stop());
  const redis = await connectRedis(server.url, { name: 'bench-system' });
  started.defer(() => redis.disconnect());
  const prefix = randomPrefix();
  const logs = join(state, 'logs', `${name}-${process.pid}-${server.port}`);
  // Some megabytes a second.
  started.defer(() => rm(logs, { recursive: true, force: true }));
  const processes: MeasuredProcess[] = [];
  started.defer(async () => void (await Promise.all(processes.map((each) => each.stop()))));

  async function start(role: string, { main, args = [], env, event, isSeen }: Launch): Promise<MeasuredProcess> {
    const own = { ...env, ...settings, ...(isQuiet && isSeen && quiet), BATON_REDIS_URL: server.url, BATON_PREFIX: prefix };
    const ready = isQuiet && isSeen ? () => isSeen(redis, prefix) : event;
    const running = await startProcess({ role, main, args, env: own, ready, logs, profile: profileOf?.(role) ?? null });
    processes.push(running);
    return running;
  }

  for (const launch of launches[name]) await start(launch.role, launch);
  const ending = started.move();
  const url = processes.find(({ role }) => role === 'api')?.said('api_ready')?.['url'];
  return {
    name,
    redisUrl: server.url,
    prefix,
    apiUrl: typeof url === 'string' ? url : null,
    processes,
    async another(role) {
      const launch = launches[name].find((each) => each.role === role);
      if (launch === undefined) throw new RangeError(`${name} has no ${role}.`);
      return await start(`${role}-${processes.length}`, launch);
    },
    stop: () => ending.disposeAsync(),
  };
}

const common = { BATON_CONCURRENCY: String(concurrency), BATON_FILES_DIR: join(state, 'files') };
const raw = (role: string): Launch => ({ role, main: ownMain('raw-main'), args: [role], env: common, event: 'raw_ready' });

const launches: Readonly<Record<SystemName, readonly Launch[]>> = {
  baton: [
    {
      role: 'orchestrator',
      main: appMain('orchestrator'),
      env: { ...common, BATON_METRICS_PORT: '0' },
      event: 'orchestrator_ready',
      isSeen: async (redis, prefix) => (await redis.zcard(`${prefix}:orchestrators`)) > 0,
    },
    { role: 'api', main: appMain('api'), env: { ...common, BATON_API_PORT: '0' }, event: 'api_ready' },
    {
      role: 'worker',
      main: ownMain('worker-main'),
      env: { ...common, BATON_METRICS_PORT: '0' },
      event: 'agent_ready',
      isSeen: async (redis, prefix) => (await listAgents(redis, prefix)).length > 0,
    },
  ],
  'raw-flow': [raw('worker')],
  'raw-step': [raw('worker'), raw('settler')],
};
