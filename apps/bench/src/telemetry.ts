/**
 * What logs and metrics cost: the same batches with both on (level info to a file, a scrape a second) and with both off. As with them off nobody
 * says that a workflow has ended, both are measured by how long a batch takes until the store has counted its last one.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { createClient } from '@baton/client';
import { connectRedis, createStartQueue, type Redis, type StartQueue } from '@baton/queue';
import { createStore } from '@baton/store';
import { enqueueAll, reached, typeOf } from './batch.ts';
import { metricsUrl } from './counters.ts';
import type { LoadOptions } from './load.ts';
import { textOf } from './payload.ts';
import { rotated } from './plan.ts';
import { WorkflowError } from './producer.ts';
import { type Spread, spread } from './statistics.ts';
import { type System, startSystem } from './system.ts';
import { spentBetween, sum, usageOf } from './usage.ts';
import { resultProblem, type Workload, workloadOf } from './workload.ts';

export interface Batch {
  readonly ms: number;
  /** All processes but the one that starts the workflows; Redis among them. */
  readonly cpuMsPerChain: number;
}

export interface TelemetryCost {
  /** Of a batch; each result was checked. */
  readonly chains: number;
  /** In the order in which they were measured, one after the other. */
  readonly pairs: readonly Readonly<Record<Side, Batch>>[];
  /** On divided by off, within each pair. */
  readonly ms: Spread;
  readonly cpu: Spread;
}

type Side = 'on' | 'off';
const sides = ['on', 'off'] as const;
const pairsPerRepeat = 2;
const pollMs = 20;
const scrapeMs = 1_000;
const checkedAtOnce = 500;

interface Measured {
  readonly side: Side;
  readonly system: System;
  readonly redis: Redis;
  readonly queue: StartQueue;
  readonly scraped: readonly string[];
}

export async function runTelemetry(chains: number, options: LoadOptions): Promise<TelemetryCost> {
  await using running = new AsyncDisposableStack();
  const workload = workloadOf('chain') as Workload;
  const measured: Measured[] = [];
  for (const side of sides) measured.push(await startSide(side, workload, running, options));
  let batches = 0;
  const batch = async (each: Measured): Promise<readonly [Side, Batch]> => {
    batches += 1;
    return [each.side, await runBatch(each, workload, `t${batches}`, chains, options.signal)];
  };

  // The first of each side warms it up.
  for (const each of measured) await batch(each);
  const pairs: Record<Side, Batch>[] = [];
  for (let pair = 0; pair < pairsPerRepeat * options.repeats; pair += 1) {
    const found: (readonly [Side, Batch])[] = [];
    for (const each of rotated(measured, pair)) found.push(await batch(each));
    const both = Object.fromEntries(found) as Record<Side, Batch>;
    pairs.push(both);
    options.say(`telemetry, ${chains} chains: on ${both.on.ms.toFixed(0)} ms, off ${both.off.ms.toFixed(0)} ms`);
  }
  const ratios = (figure: keyof Batch): Spread => spread(pairs.map(({ on, off }) => on[figure] / off[figure]));
  return { chains, pairs, ms: ratios('ms'), cpu: ratios('cpuMsPerChain') };
}

async function startSide(side: Side, workload: Workload, running: AsyncDisposableStack, { settings }: LoadOptions): Promise<Measured> {
  const system = await startSystem('baton', { settings, isQuiet: side === 'off' });
  running.defer(() => system.stop());
  const redis = await connectRedis(system.redisUrl, { name: 'bench-telemetry' });
  running.defer(() => redis.disconnect());
  const queue = createStartQueue(redis, system.prefix);
  running.defer(() => queue.close());
  const client = createClient({ baseUrl: system.apiUrl ?? '' });
  for (const type of workload.types) await client.registerType(type);
  const scraped = side === 'on' ? system.processes.filter(({ role }) => role !== 'api').map(metricsUrl) : [];
  return { side, system, redis, queue, scraped };
}

async function runBatch({ system, redis, queue, scraped }: Measured, workload: Workload, name: string, chains: number, signal: AbortSignal): Promise<Batch> {
  const ids = Array.from({ length: chains }, (_, index) => `${name}-${index}`);
  const ended = (): Promise<number> => redis.zcard(`${system.prefix}:idx:type:${typeOf(workload)}:completed`);
  const goal = (await ended()) + chains;
  const over = new AbortController();
  const before = await usageOf(system.processes, redis);
  const work = async (): Promise<void> => {
    await enqueueAll(queue, workload, ids, signal);
    await reached(ended, goal, pollMs, signal);
  };
  await Promise.all([work().finally(() => over.abort()), scrape(scraped, over.signal)]);
  const spent = spentBetween(before, await usageOf(system.processes, redis));
  await checkResults(createStore({ redis, prefix: system.prefix }), workload, ids);
  return { ms: spent.ms, cpuMsPerChain: sum(spent.cpuMs) / chains };
}

async function scrape(urls: readonly string[], signal: AbortSignal): Promise<void> {
  while (urls.length > 0 && !signal.aborted) {
    await Promise.all(urls.map(async (url) => await (await fetch(url)).text()));
    await delay(scrapeMs, undefined, { signal }).catch(() => {});
  }
}

async function checkResults(store: ReturnType<typeof createStore>, workload: Workload, ids: readonly string[]): Promise<void> {
  for (let at = 0; at < ids.length; at += checkedAtOnce) {
    await Promise.all(
      ids.slice(at, at + checkedAtOnce).map(async (id) => {
        const state = (await store.summary(id))?.state;
        const problem = resultProblem(workload, id, textOf(id), state?.status === 'completed' ? state.result : undefined);
        if (problem !== null) throw new WorkflowError(problem);
      }),
    );
  }
}
