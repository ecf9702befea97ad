/** Whether a subtask costs the same whatever is around it: in graphs of more and more nodes, and beside more and more workflows that wait. Baton only. */
import { createClient } from '@baton/client';
import { connectRedis, createStartQueue, type Redis } from '@baton/queue';
import { enqueueAll, reached, typeOf } from './batch.ts';
import { type Idle, watchIdle } from './idle.ts';
import { type LoadOptions, progressOf } from './load.ts';
import { measure } from './measure.ts';
import type { Measurement } from './measurement.ts';
import { median } from './statistics.ts';
import { type System, startSystem } from './system.ts';
import { infoNumber } from './usage.ts';
import { layeredName, waiting } from './workload.ts';

export interface Growth {
  readonly of: 'nodes' | 'live';
  readonly size: number;
  readonly redisCpuUsPerSubtask: number;
  readonly cpuUsPerSubtask: number;
  readonly measurements: readonly Measurement[];
}

export interface Memory {
  /** Redis, per workflow of five steps, beside its payloads; NaN where nothing was measured. */
  readonly bytesPerLive: number;
  readonly bytesPerFinished: number;
}

/** So many subtasks are ready at a time, in however many workflows. */
const readyAtOnce = 100;
const chainsInFlight = 200;
const pollMs = 100;
const payloadBytes = 200;

/** Idle processes are watched before anything has run, and after everything has. */
export async function runNodes(
  sizes: readonly number[],
  idleMs: number,
  options: LoadOptions,
): Promise<{ readonly growth: readonly Growth[]; readonly idle: readonly Idle[] }> {
  await using running = new AsyncDisposableStack();
  const system = await startSystem('baton', { settings: options.settings });
  running.defer(() => system.stop());
  const idle = [await watchIdle(system, 'before load', idleMs)];
  const found = new Map<number, Measurement[]>(sizes.map((size) => [size, []]));
  for (let repeat = 1; repeat <= options.repeats; repeat += 1) {
    for (const size of sizes) found.get(size)?.push(await measureNodes(system, size, options));
  }
  idle.push(await watchIdle(system, 'after load', idleMs));
  return { growth: [...found].map(([size, measurements]) => growthOf('nodes', size, measurements)), idle };
}

async function measureNodes(system: System, size: number, options: LoadOptions): Promise<Measurement> {
  const width = Math.max(2, Math.min(readyAtOnce, Math.round(Math.sqrt(size))));
  const wanted = { system: 'baton', start: 'queue', workload: layeredName(size, width), inFlight: Math.round(readyAtOnce / width) } as const;
  return await told(await measure(system, wanted, options, options.signal), options);
}

/** @param sizes in any order; the memory of a waiting workflow is that of the last step up */
export async function runLive(sizes: readonly number[], options: LoadOptions): Promise<{ readonly growth: readonly Growth[]; readonly memory: Memory }> {
  await using running = new AsyncDisposableStack();
  const system = await startSystem('baton', { settings: options.settings });
  running.defer(() => system.stop());
  const redis = await connectRedis(system.redisUrl, { name: 'bench-growth' });
  running.defer(() => redis.disconnect());
  const chains = { system: 'baton', start: 'queue', workload: 'chain', inFlight: chainsInFlight } as const;
  // The queues keep their last thousand jobs: those must not count as what a workflow takes.
  await measure(system, chains, options, options.signal);

  const growth: Growth[] = [];
  let [live, bytesPerLive, bytesPerFinished] = [0, Number.NaN, Number.NaN];
  for (const size of sizes.toSorted((a, b) => a - b)) {
    const before = await usedMemory(redis);
    await addLive(system, redis, live, size, options.signal);
    const filled = await usedMemory(redis);
    bytesPerLive = (filled - before) / (size - live) - 3 * payloadBytes;
    live = size;
    options.say(`${size} workflows wait, ${Math.round(bytesPerLive)} bytes each beside their payloads`);
    const measurements: Measurement[] = [];
    for (let repeat = 1; repeat <= options.repeats; repeat += 1) measurements.push(await told(await measure(system, chains, options, options.signal), options));
    const finished = measurements.reduce((sum, { checked }) => sum + checked, 0);
    bytesPerFinished = ((await usedMemory(redis)) - filled) / finished - 7 * payloadBytes;
    growth.push(growthOf('live', size, measurements));
  }
  return { growth, memory: { bytesPerLive, bytesPerFinished } };
}

async function addLive(system: System, redis: Redis, from: number, to: number, signal: AbortSignal): Promise<void> {
  await createClient({ baseUrl: system.apiUrl ?? '' }).registerType(waiting.types[0]);
  const queue = createStartQueue(redis, system.prefix);
  const ids = Array.from({ length: to - from }, (_, index) => `live-${from + index}`);
  await enqueueAll(queue, waiting, ids, signal);
  await queue.close();
  await reached(() => redis.zcard(`${system.prefix}:idx:type:${typeOf(waiting)}:waiting`), to, pollMs, signal);
}

async function usedMemory(redis: Redis): Promise<number> {
  return infoNumber(await redis.info('memory'), 'used_memory');
}

function growthOf(of: Growth['of'], size: number, measurements: readonly Measurement[]): Growth {
  const middle = (figure: 'redisCpuUsPerSubtask' | 'cpuUsPerSubtask'): number => median(measurements.map(({ figures }) => figures[figure]));
  return { of, size, redisCpuUsPerSubtask: middle('redisCpuUsPerSubtask'), cpuUsPerSubtask: middle('cpuUsPerSubtask'), measurements };
}

async function told(measurement: Measurement, { say }: LoadOptions): Promise<Measurement> {
  say(progressOf(measurement));
  return measurement;
}
