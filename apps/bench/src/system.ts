/** The systems that are measured, each a set of processes on a Redis of its own, with the same file settings and the same concurrency. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { randomPrefix, startRedis } from '@baton/testkit';
import { appMain, type MeasuredProcess, ownMain, type ProcessPlan, root, startProcess } from './process.ts';

export const systemNames = ['baton', 'raw-flow', 'raw-step'] as const;
export type SystemName = (typeof systemNames)[number];

/** Subtasks at the same time on each of the queues. */
export const concurrency = 50;

const state = join(root, '.baton/bench');

export interface System {
  readonly name: SystemName;
  readonly redisUrl: string;
  readonly prefix: string;
  /** null where there is none. */
  readonly apiUrl: string | null;
  readonly processes: readonly MeasuredProcess[];
  stop(): Promise<void>;
}

/**
 * Redis is one of its own, with the append-only file on, fsynced every second.
 *
 * @param settings more environment for its processes
 */
export async function startSystem(name: SystemName, settings: Readonly<Record<string, string>>): Promise<System> {
  await using started = new AsyncDisposableStack();
  const redis = await startRedis({ args: ['--appendfsync', 'everysec'] });
  started.defer(() => redis.stop());
  const prefix = randomPrefix();
  const logs = join(state, 'logs', `${name}-${process.pid}`);
  // Some megabytes a second.
  started.defer(() => rm(logs, { recursive: true, force: true }));
  const processes: MeasuredProcess[] = [];
  started.defer(async () => void (await Promise.all(processes.map((each) => each.stop()))));
  for (const plan of plans(name, logs, { ...settings, BATON_REDIS_URL: redis.url, BATON_PREFIX: prefix })) processes.push(await startProcess(plan));
  const ending = started.move();
  const url = processes.find(({ role }) => role === 'api')?.ready['url'];
  return { name, redisUrl: redis.url, prefix, apiUrl: typeof url === 'string' ? url : null, processes, stop: () => ending.disposeAsync() };
}

function plans(name: SystemName, logs: string, given: Readonly<Record<string, string>>): readonly ProcessPlan[] {
  const env = { BATON_CONCURRENCY: String(concurrency), BATON_FILES_DIR: join(state, 'files'), ...given };
  const raw = (role: string): ProcessPlan => ({ role, main: ownMain('raw-main'), args: [role], env, event: 'raw_ready', logs });
  switch (name) {
    case 'baton':
      return [
        { role: 'orchestrator', main: appMain('orchestrator'), env: { ...env, BATON_METRICS_PORT: '0' }, event: 'orchestrator_ready', logs },
        { role: 'api', main: appMain('api'), env: { ...env, BATON_API_PORT: '0' }, event: 'api_ready', logs },
        { role: 'worker', main: ownMain('worker-main'), env: { ...env, BATON_METRICS_PORT: '0' }, event: 'agent_ready', logs },
      ];
    case 'raw-flow':
      return [raw('worker')];
    case 'raw-step':
      return [raw('worker'), raw('settler')];
  }
}
