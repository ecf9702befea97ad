/**
 * Two orchestrators with chains and maps in flight; one is killed, and another started in its place. What it costs that they share the work:
 * conflicts and reloads, before, while the partitions change hands, and after; and how long nobody has those of the dead.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { partitionCount } from '@baton/core';
import { connectRedis, type Redis } from '@baton/queue';
import { type Counters, countedBetween, countersAt, metricsUrl, nothingCounted } from './counters.ts';
import type { LoadOptions } from './load.ts';
import { MixedLoad, type MixedOrder } from './mixed-order.ts';
import { giveOrder, type MeasuredProcess, ownMain } from './process.ts';
import { type System, startSystem } from './system.ts';
import { inFlightOf, map1000, mixedName } from './workload.ts';

export interface Phase extends Counters {
  /** `takeover`: from the kill until the partitions are shared again. */
  readonly when: 'before' | 'takeover' | 'after';
  readonly ms: number;
}

export interface Mixed {
  readonly inFlight: Readonly<Record<string, number>>;
  readonly leaseMs: number;
  /** From the kill until the one that is left has all partitions. */
  readonly takeoverMs: number;
  /** From the start of another one until both have the same number of partitions. */
  readonly sharedMs: number;
  readonly phases: readonly Phase[];
  /** By workload; every result was checked, also of those that waited for the takeover. */
  readonly load: MixedLoad;
}

const leaseMsDefault = 5_000;
const pollMs = 5;
/** So many leases are enough for any change of hands, and a little for a machine that is slow. */
const [leasesMax, slackMs] = [4, 20_000];

type MixedOptions = LoadOptions & { readonly chains: number };

export async function runMixed(options: MixedOptions): Promise<readonly Mixed[]> {
  const results: Mixed[] = [];
  for (let repeat = 1; repeat <= options.repeats; repeat += 1) {
    const mixed = await runOnce(options);
    results.push(mixed);
    options.say(`${repeat}/${options.repeats} ${progressOf(mixed)}`);
  }
  return results;
}

function progressOf({ takeoverMs, load }: Mixed): string {
  const checked = Object.values(load).reduce((total, each) => total + each.checked, 0);
  return `${mixedName.padEnd(18)} taken over in ${(takeoverMs / 1_000).toFixed(1)} s, ${checked} results checked`;
}

async function runOnce(options: MixedOptions): Promise<Mixed> {
  await using running = new AsyncDisposableStack();
  const leaseMs = Number(options.settings['BATON_LEASE_MS'] ?? leaseMsDefault);
  const system = await startSystem('baton', { settings: { ...options.settings, BATON_LEASE_MS: String(leaseMs) } });
  running.defer(() => system.stop());
  const redis = await connectRedis(system.redisUrl, { name: 'bench-mixed' });
  running.defer(() => redis.disconnect());
  // Whatever ends it early ends the load as well.
  const leaving = new AbortController();
  running.defer(() => leaving.abort());
  const signal = AbortSignal.any([options.signal, leaving.signal]);

  const inFlight = { chain: options.chains, [map1000.name]: inFlightOf(map1000, options.chains) };
  const order: MixedOrder = { redisUrl: system.redisUrl, prefix: system.prefix, apiUrl: system.apiUrl, inFlight };
  const pair = await startPair(system);
  const partitions = watchPartitions(redis, system.prefix, leaseMs, signal);
  await partitions.areShared(pair);
  const producer = giveOrder(ownMain('mixed-main'), JSON.stringify(order), signal);
  const watching = async (): Promise<Watched> => {
    const watched = await watchTakeover({ system, pair, partitions, options, signal });
    producer.say('stop');
    return watched;
  };
  const [output, watched] = await Promise.all([producer.output, watching()]);
  return { inFlight, leaseMs, ...watched, load: MixedLoad.parse(JSON.parse(output)) };
}

interface Replica {
  readonly process: MeasuredProcess;
  /** As the partitions know it. */
  readonly owner: unknown;
  readonly metrics: string;
}
type Pair = readonly [Replica, Replica];

/** What its log says is read once, while that is short: later it has many megabytes, and nobody has the time. */
function replica(process: MeasuredProcess): Replica {
  return { process, owner: process.said('orchestrator_ready')?.['owner'], metrics: metricsUrl(process) };
}

async function startPair(system: System): Promise<Pair> {
  const first = system.processes.find(({ role }) => role === 'orchestrator');
  if (first === undefined) throw new RangeError(`${system.name} has no orchestrator.`);
  return [replica(first), replica(await system.another('orchestrator'))];
}

type Watched = Pick<Mixed, 'takeoverMs' | 'sharedMs' | 'phases'>;

interface Watch {
  readonly system: System;
  readonly pair: Pair;
  readonly partitions: ReturnType<typeof watchPartitions>;
  readonly options: MixedOptions;
  readonly signal: AbortSignal;
}

async function watchTakeover({ system, pair, partitions, options, signal }: Watch): Promise<Watched> {
  const [killed, left] = pair;
  const pause = (seconds: number): Promise<void> => delay(seconds * 1_000, undefined, { signal });
  await pause(options['warm-up']);
  const begun = await counted(pair);
  await pause(options.seconds);

  const before = await counted(pair);
  await killed.process.kill();
  await partitions.areAllOf(left);
  const takenAt = performance.now();
  const started = replica(await system.another('orchestrator'));
  const startedAt = performance.now();
  const now: Pair = [started, left];
  await partitions.areShared(now);

  const shared = await counted(now);
  await pause(options.seconds);
  const after = await counted(now);
  return {
    takeoverMs: takenAt - before.at,
    sharedMs: shared.at - startedAt,
    phases: [
      phase('before', begun, before),
      // What the killed one did since it was asked is known to nobody; the new one had done nothing.
      phase('takeover', { at: before.at, each: [nothingCounted, before.each[1]] }, shared),
      phase('after', shared, after),
    ],
  };
}

interface Counted {
  readonly at: number;
  readonly each: readonly [Counters, Counters];
}

async function counted([one, other]: Pair): Promise<Counted> {
  const each = await Promise.all([countersAt(one.metrics), countersAt(other.metrics)]);
  return { at: performance.now(), each };
}

function phase(when: Phase['when'], from: Counted, to: Counted): Phase {
  const [one, other] = to.each;
  return {
    when,
    ms: to.at - from.at,
    ...countedBetween([
      [from.each[0], one],
      [from.each[1], other],
    ]),
  };
}

/** Who has which partition, as Redis has it. */
function watchPartitions(redis: Redis, prefix: string, leaseMs: number, signal: AbortSignal) {
  const keys = Array.from({ length: partitionCount }, (_, partition) => `${prefix}:owner:${partition}`);

  /** @throws when it is not so within some leases */
  async function until(what: string, isSo: (owned: readonly number[]) => boolean, replicas: readonly Replica[]): Promise<void> {
    for (const end = performance.now() + leasesMax * leaseMs + slackMs; ; await delay(pollMs, undefined, { signal })) {
      const owners = await redis.mget(...keys);
      const owned = replicas.map((each) => owners.filter((owner) => owner === each.owner).length);
      if (isSo(owned)) return;
      if (performance.now() > end) throw new Error(`The partitions were not ${what}: ${owned.join(' and ')} of ${partitionCount}.`);
    }
  }

  return {
    areAllOf: (one: Replica) => until('taken over', ([owned]) => owned === partitionCount, [one]),
    areShared: (pair: Pair) => until('shared', (owned) => owned.every((each) => each === partitionCount / 2), pair),
  };
}
