/** One replica of the orchestrator, wired: engines, shards, start requests. What `main.ts` runs and what tests run in their own process. */
import { hostname } from 'node:os';
import { openBlobs } from '@baton/blobs';
import { type BlobStore, currentSchema, type Schema, type WorkflowStore } from '@baton/core';
import { createDoctor } from '@baton/doctor';
import { type Admission, createAdmissions, createEngines, type Engine, type EngineDeps, type FrontDesk } from '@baton/engine';
import { finishMsOf } from '@baton/protocol';
import {
  connectRedis,
  consumeStarts,
  createLoadReader,
  createSubtaskQueue,
  deadLettersOf,
  isShardUp,
  openShards,
  type Redis,
  readWaitingStarts,
  shardProblems,
  watchTreePartners,
} from '@baton/queue';
import { createStores, type Records, recordsOf } from '@baton/store';
import { boundedLines, createMetrics, type HealthProblem, isStopping, type Logger, type Metrics, noMetrics, observer, serveMetrics } from '@baton/telemetry';
import { nanoid } from 'nanoid';
import type { z } from 'zod';
import { reportFindings } from './checkup.ts';
import type { OrchestratorEnvironment } from './environment.ts';
import { openShard, type Shard } from './shard.ts';
import { hasEndedBy, startOf } from './start-request.ts';

export interface Orchestrator {
  /** Rejects with a bug. */
  readonly ended: Promise<void>;
  /** Finishes what is in hand, gives its partitions back, lets go of Redis. */
  close(): Promise<void>;
}

/** A dead orchestrator's lease ends, and another looks for it, before the time is over in which its work is to be taken over. */
const leaseShare = 2 / 3;

/** A loop that has not turned for this long is not healthy. */
const idleMsMax = 10_000;

/**
 * @param schema what it reads and writes: that of this code, but in tests
 * @throws what connecting to Redis and listening throw, each with an `exitCode`
 */
export async function startOrchestrator(
  environment: z.output<typeof OrchestratorEnvironment>,
  log: Logger,
  stopping: AbortSignal,
  schema = currentSchema,
): Promise<Orchestrator> {
  const { BATON_PREFIX: home, BATON_LEASE_MS: takeoverMs, BATON_HOST: host, BATON_METRICS_PORT: port, BATON_EVICTING_REDIS: evicting } = environment;
  const leaseMs = Math.round(takeoverMs * leaseShare);
  const redis = await connectRedis(environment.BATON_REDIS_URL, { name: 'baton-orchestrator', evicting, observe: (event) => log.warn(event) });
  const write = boundedLines((line) => log.warn(line));
  const warn = (event: string, err: unknown): void => write({ event, err });
  const owner = `${hostname()}-${process.pid}-${nanoid(6)}`;
  await using started = new AsyncDisposableStack();
  started.defer(() => redis.disconnect());
  const blobs = await openBlobs(environment.BATON_BLOBS);
  const prefixes = await openShards(redis, home, environment.BATON_SHARDS);
  const stores = createStores({ redis, prefixes, blobs, schema });
  const told = telling({ redis, prefixes, records: recordsOf(stores), log, hasMetrics: port !== 'off' });
  const { metrics, observe, onRefused } = told;
  const limits = { activeMax: environment.BATON_MAX_ACTIVE, queuedMax: environment.BATON_MAX_QUEUE_DEPTH, now: () => performance.now() };
  const loads = stores.map((store, shard) => ({ store, load: createLoadReader(redis, prefixes[shard] as string) }));
  const { admissions, room } = createAdmissions(loads, limits);
  const common = { redis, blobs, schema, warn };
  const depsOf = async (prefix: string, shard: number): Promise<EngineDeps> => ({
    ...(await wired(started, environment, { ...common, prefix })),
    store: stores[shard] as WorkflowStore,
    admission: admissions[shard] as Admission,
    observe,
    onRefused,
    count: metrics.count,
  });
  const { engines, desk } = createEngines(await Promise.all(prefixes.map(depsOf)));
  let shards: readonly Shard[] = [];
  const health = () => problems({ redis, prefixes, shards, stopping });
  const server = port === 'off' ? null : await serveMetrics({ host, port, metrics, health, log });
  started.defer(async () => await server?.close());
  const finishMs = finishMsOf(environment.BATON_GRACE_MS);
  const shared = { ...common, owner, leaseMs, janitorMs: environment.BATON_JANITOR_MS, finishMs, log };
  shards = prefixes.map((prefix, shard) => openShard({ ...shared, prefix, store: stores[shard] as WorkflowStore, engine: engines[shard] as Engine }));
  started.defer(async () => void (await Promise.all(shards.map((shard) => shard.close()))));
  await Promise.all(shards.map((shard) => shard.hold()));
  told.onPlace = await consumeStartRequests(started, { redis, prefix: home, schema, desk, room, takeoverMs, warn });
  log.info({ event: 'orchestrator_ready', owner });
  const checkup = reportFindings(createDoctor({ redis, prefixes, stores, now: Date.now }), log);
  started.defer(() => checkup.close());
  // From here on it is the caller who ends it, in the opposite order.
  const ending = started.move();
  return { ended: Promise.all(shards.map(({ loop }) => loop.ended)).then(() => undefined), close: () => ending.disposeAsync() };
}

interface Wired {
  readonly blobs: BlobStore | undefined;
  readonly redis: Redis;
  readonly prefix: string;
  readonly schema: Schema;
  readonly warn: EngineDeps['warn'];
}

/** What the engine of a shard has for itself; until the stack is disposed of. */
async function wired(started: AsyncDisposableStack, environment: z.output<typeof OrchestratorEnvironment>, { redis, blobs, prefix, schema, warn }: Wired) {
  const queue = createSubtaskQueue({ redis, prefix, blobs, schema });
  started.defer(() => queue.close());
  const trees = await watchTrees(started, environment, redis, prefix, warn);
  return { queue, schema, retentionMs: environment.BATON_RETENTION_MS, now: Date.now, warn, ...trees };
}

interface Telling {
  readonly redis: Redis;
  /** Of each shard. */
  readonly prefixes: readonly string[];
  readonly records: Pick<Records, 'activeCounts'>;
  readonly log: Logger;
  readonly hasMetrics: boolean;
}

interface Told extends Required<Pick<EngineDeps, 'observe' | 'onRefused'>> {
  readonly metrics: Metrics;
  /** Called when a workflow has ended, which leaves a place for another. */
  onPlace: () => void;
}

/** Log and metrics of what was committed, and of what was not let in. */
function telling({ redis, prefixes, records, log, hasMetrics }: Telling): Told {
  const [home] = prefixes as [string, ...string[]];
  const deadLetters = deadLettersOf({ redis, prefixes });
  const asked = { activeCounts: () => records.activeCounts(), deadLetters: () => deadLetters.count(), startsWaiting: () => readWaitingStarts(redis, home) };
  const metrics = hasMetrics ? createMetrics(asked) : noMetrics;
  const { observe, onRefused } = observer(log, metrics);
  const told: Told = {
    metrics,
    onRefused,
    onPlace() {},
    observe(header, event) {
      observe(header, event);
      if (hasEndedBy(event)) told.onPlace();
    },
  };
  return told;
}

/** Who can take part in trees, and when trees are cut; until the stack is disposed of. */
async function watchTrees(
  started: AsyncDisposableStack,
  { BATON_TREES: when }: z.output<typeof OrchestratorEnvironment>,
  redis: Redis,
  prefix: string,
  warn: (event: string, err: unknown) => void,
): Promise<Pick<EngineDeps, 'sameTree' | 'areTreesCutUnderLoad'>> {
  if (when === 'off') return {};
  const partners = await watchTreePartners({ redis, prefix, onError: (err) => warn('agents_not_asked', err) });
  started.defer(() => partners.close());
  return { sameTree: partners.sameTree, areTreesCutUnderLoad: when === 'on' };
}

interface ConsumeStartRequests {
  readonly redis: Redis;
  readonly prefix: string;
  readonly schema: Schema;
  readonly desk: FrontDesk;
  readonly room: Admission['room'];
  readonly takeoverMs: number;
  readonly warn: (event: string, err: unknown) => void;
}

/** Of the whole deployment, until the stack is disposed of. @returns whom to tell that there may be a place for a start that waits */
async function consumeStartRequests(started: AsyncDisposableStack, options: ConsumeStartRequests): Promise<() => void> {
  const { redis, prefix, schema, desk, room, takeoverMs, warn } = options;
  const starts = await consumeStarts({
    redis,
    prefix,
    schema,
    // What a dead orchestrator had in hand is another's as soon as its partitions are: a start that is made twice is made once.
    lockMs: takeoverMs,
    stalledMs: takeoverMs / 2,
    onStart: startOf(desk),
    room,
    onError: (err) => warn('start_queue_error', err),
  });
  started.defer(() => starts.close());
  return starts.wake;
}

interface Looked {
  readonly redis: Redis;
  readonly prefixes: readonly string[];
  readonly shards: readonly Shard[];
  readonly stopping: AbortSignal;
}

async function problems({ redis, prefixes, shards, stopping }: Looked): Promise<readonly HealthProblem[]> {
  if (stopping.aborted) return [isStopping];
  const ofRedis = await shardProblems(redis, prefixes);
  if (ofRedis.length > 0) return ofRedis;
  const idleMs = Math.max(0, ...shards.flatMap(({ prefix, loop }) => (isShardUp(redis, prefix) ? [loop.idleMs()] : [])));
  return idleMs < idleMsMax ? [] : [{ code: 'loop_stuck', message: `No reply has been looked for in ${Math.round(idleMs / 1_000)} s.` }];
}
