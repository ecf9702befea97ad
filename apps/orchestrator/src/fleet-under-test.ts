/** A deployment of real processes, which tests replace and end: orchestrators, APIs, agents that record what they did in a file. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type RedisFixture, randomPrefix, startProcess, startRedis, type TestProcess } from '@baton/testkit';

const mains = {
  orchestrator: fileURLToPath(new URL('./main.ts', import.meta.url)),
  api: fileURLToPath(new URL('../../api/src/main.ts', import.meta.url)),
  worker: fileURLToPath(new URL('../../../packages/worker-process/src/fixture/recording-worker.ts', import.meta.url)),
  'newer-orchestrator': fileURLToPath(new URL('./fixture/newer-orchestrator.ts', import.meta.url)),
  'newer-api': fileURLToPath(new URL('../../api/src/fixture/newer-api.ts', import.meta.url)),
} as const;
const readyEvents = { orchestrator: 'orchestrator_ready', api: 'api_ready', worker: 'agent_ready' } as const;

export type Kind = keyof typeof readyEvents;
/** With a schema that the others do not know. */
type AnyKind = Kind | `newer-${Kind}`;

/** One run of a handler, as its agent wrote it down. */
export interface Run {
  readonly key: string;
  readonly what: 'began' | 'ended';
  readonly pid: number;
  readonly at: number;
}

export interface Fleet {
  readonly redis: RedisFixture;
  readonly prefix: string;
  /** Starts one and does not wait for it. */
  spawn(kind: AnyKind, env?: Readonly<Record<string, string>>): TestProcess;
  /** Starts one and waits until it is ready. */
  start(kind: AnyKind, env?: Readonly<Record<string, string>>): Promise<TestProcess>;
  /** SIGTERM to all others. */
  endAllBut(kept: readonly TestProcess[]): Promise<void>;
  /** What handlers ran, in order. */
  runs(): readonly Run[];
  stop(): Promise<void>;
}

/** @param serves the capabilities of its agents */
export async function startFleet(serves: readonly string[], common: Readonly<Record<string, string>> = {}): Promise<Fleet> {
  const redis = await startRedis();
  const prefix = randomPrefix();
  const directory = mkdtempSync(join(tmpdir(), 'baton-fleet-'));
  const record = join(directory, 'runs.ndjson');
  writeFileSync(record, '');
  const processes: TestProcess[] = [];

  function spawn(kind: AnyKind, env: Readonly<Record<string, string>> = {}): TestProcess {
    const isWorker = kind === 'worker' || kind === 'newer-worker';
    const ofKind = isWorker ? { BATON_RECORD: record, BATON_SERVES: serves.join(','), BATON_FILES_DIR: directory } : {};
    const ports = { BATON_METRICS_PORT: '0', BATON_API_PORT: '0' };
    const all = { BATON_REDIS_URL: redis.url, BATON_PREFIX: prefix, ...ports, ...ofKind, ...common, ...env };
    const child = startProcess(mains[isWorker ? 'worker' : kind], all, kind === 'newer-worker' ? ['newer'] : []);
    processes.push(child);
    return child;
  }

  return {
    redis,
    prefix,
    spawn,
    async start(kind, env) {
      const child = spawn(kind, env);
      await child.saw(readyEvents[kind.replace('newer-', '') as Kind]);
      return child;
    },
    async endAllBut(kept) {
      await Promise.all(processes.filter((child) => !kept.includes(child)).map((child) => child.end('SIGTERM')));
    },
    runs: () =>
      readFileSync(record, 'utf8')
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as Run),
    async stop() {
      await Promise.all(processes.map((child) => child.end('SIGKILL')));
      await redis.stop();
      rmSync(directory, { recursive: true });
    },
  };
}
