/** What is looked at again and again during a soak, and once at its end: what Redis still holds, by kind of key. */
import type { Redis } from '@baton/queue';
import type { MeasuredProcess } from './process.ts';
import { infoNumber, type Measured, usageOf } from './usage.ts';

export interface Sample {
  /** Seconds since the first workflow could begin. */
  readonly atS: number;
  /** Workflows that had ended so far. */
  readonly ended: number;
  /** Ended workflows in the lists: what is kept, and what has not been taken away yet. */
  readonly kept: number;
  /** `used_memory`, and what of it is data. */
  readonly redisBytes: number;
  readonly datasetBytes: number;
  readonly keys: number;
  readonly aofBytes: number;
  /** By role; Redis among them. */
  readonly rssBytes: Readonly<Record<string, number>>;
}

export interface Sampled {
  readonly redis: Redis;
  readonly prefix: string;
  readonly type: string;
  readonly processes: readonly Measured[];
  /** Of the orchestrator. */
  readonly metricsUrl: string;
  /** `performance.now()` of the beginning. */
  readonly begunAt: number;
}

export async function sample({ redis, prefix, type, processes, metricsUrl, begunAt }: Sampled): Promise<Sample> {
  const [usage, memory, persistence, keys, kept, metrics] = await Promise.all([
    usageOf(processes, redis),
    redis.info('memory'),
    redis.info('persistence'),
    redis.dbsize(),
    redis.zcard(`${prefix}:idx:type:${type}:completed`),
    fetch(metricsUrl).then((answer) => answer.text()),
  ]);
  return {
    atS: (usage.at - begunAt) / 1_000,
    ended: completionsIn(metrics, type),
    kept,
    redisBytes: usage.usedMemoryBytes,
    datasetBytes: infoNumber(memory, 'used_memory_dataset'),
    keys,
    aofBytes: infoNumber(persistence, 'aof_current_size'),
    rssBytes: usage.rssBytes,
  };
}

/** None before the first one has begun. */
export function completionsIn(metrics: string, type: string): number {
  return Number(new RegExp(`^workflow_completions_total\\{workflow_type="${type}",status="success"\\} (\\d+)$`, 'm').exec(metrics)?.[1] ?? 0);
}

export const measuredOf = (processes: readonly MeasuredProcess[]): readonly Measured[] => processes.map(({ role, pid }) => ({ role, pid }));

export interface Left {
  readonly kind: Kind;
  readonly keys: number;
  readonly bytes: number;
}

/** The first that fits. `workflow`: what must be gone with the last workflow. `finished job`: what each queue keeps of its last jobs. */
const kinds = {
  workflow: /^(?:wf:|ctl:|conv:|blob:|idx:|deadlines\.|outbox\.)|:once:/,
  'finished job': /^(?:cap\.[^:]+|workflows|webhooks):(?:[^:]*~[^:]*|\d+)(?::|$)/,
  queue: /^(?:cap\.[^:]+|workflows|webhooks):/,
  reply: /^res\./,
  deployment: /^/,
} as const;
export type Kind = keyof typeof kinds;

const keysPerScan = 1_000;

/** A look at every key of the prefix: at the end only, when nobody else needs Redis. */
export async function leftIn(redis: Redis, prefix: string): Promise<readonly Left[]> {
  const left = new Map<Kind, { keys: number; bytes: number }>();
  let cursor = '0';
  do {
    const [next, keys] = await redis.scan(cursor, 'COUNT', keysPerScan);
    cursor = next;
    const sizes = await Promise.all(keys.map((key) => redis.memory('USAGE', key)));
    keys.forEach((key, index) => {
      const kind = kindOf(key.slice(prefix.length + 1));
      const known = left.get(kind) ?? { keys: 0, bytes: 0 };
      left.set(kind, { keys: known.keys + 1, bytes: known.bytes + (sizes[index] ?? 0) });
    });
  } while (cursor !== '0');
  return [...left].map(([kind, { keys, bytes }]) => ({ kind, keys, bytes }));
}

export function kindOf(name: string): Kind {
  return Object.entries(kinds).find(([, pattern]) => pattern.test(name))?.[0] as Kind;
}
