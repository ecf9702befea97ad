/** One replica of the orchestrator, wired: engines, shards, start requests. What `main.ts` runs and what tests run in their own process. */
import { hostname } from 'node:os';
import type { StartRequest, WorkflowStore } from '@baton/core';
import { createDoctor } from '@baton/doctor';
import { createEngines, type Engine, type EngineDeps, type FrontDesk } from '@baton/engine';
import {
  connectRedis,
  consumeStarts,
  createSubtaskQueue,
  deadLettersOf,
  isShardUp,
  openShards,
  type Redis,
  type StartOutcome,
  watchTreePartners,
} from '@baton/queue';
import { createStores, recordsOf } from '@baton/store';
import { createMetrics, type HealthProblem, type Logger, logEvents, noMetrics, serveMetrics } from '@baton/telemetry';
import { nanoid } from 'nanoid';
import type { z } from 'zod';
import { reportFindings } from './checkup.ts';
import type { OrchestratorEnvironment } from './environment.ts';
import { openShard, type Shard } from './shard.ts';

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

/** @throws what connecting to Redis and listening throw, each with an `exitCode` */
export async function startOrchestrator(environment: z.output<typeof OrchestratorEnvironment>, log: Logger): Promise<Orchestrator> {
  const { BATON_PREFIX: home, BATON_LEASE_MS: takeoverMs, BATON_HOST: host, BATON_METRICS_PORT: port, BATON_EVICTING_REDIS: evicting } = environment;
  const leaseMs = Math.round(takeoverMs * leaseShare);
  const redis = await connectRedis(environment.BATON_REDIS_URL, { name: 'baton-orchestrator', evicting, observe: (event) => log.warn(event) });
  const warn = (event: string, err: unknown): void => log.warn({ event, err });
  const owner = `${hostname()}-${process.pid}-${nanoid(6)}`;
  await using started = new AsyncDisposableStack();
  started.defer(() => redis.disconnect());
  const prefixes = await openShards(redis, home, environment.BATON_SHARDS);
  const stores = createStores({ redis, prefixes });
  const [records, deadLetters] = [recordsOf(stores), deadLettersOf({ redis, prefixes })];
  const metrics = port === 'off' ? noMetrics : createMetrics({ activeCounts: () => records.activeCounts(), deadLetters: () => deadLetters.count() });
  const logEvent = logEvents(log);
  const observe: EngineDeps['observe'] = (header, event) => {
    logEvent(header, event);
    metrics.observe(header, event);
  };

  const engineDeps = async (prefix: string, shard: number): Promise<EngineDeps> => {
    const queue = createSubtaskQueue({ redis, prefix });
    started.defer(() => queue.close());
    const trees = await watchTrees(started, environment, redis, prefix, warn);
    return { store: stores[shard] as WorkflowStore, queue, now: Date.now, observe, warn, count: metrics.count, ...trees };
  };
  const { engines, desk } = createEngines(await Promise.all(prefixes.map(engineDeps)));
  let shards: readonly Shard[] = [];
  const server = port === 'off' ? null : await serveMetrics({ host, port, metrics, health: () => problems(redis, shards), log });
  started.defer(async () => await server?.close());
  shards = prefixes.map((prefix, shard) => openShard({ redis, prefix, engine: engines[shard] as Engine, owner, leaseMs, log, warn }));
  started.defer(async () => void (await Promise.all(shards.map((shard) => shard.close()))));
  await Promise.all(shards.map((shard) => shard.hold()));
  await consumeStartRequests(started, { redis, prefix: home, desk, takeoverMs, warn });
  log.info({ event: 'orchestrator_ready', owner });
  const checkup = reportFindings(createDoctor({ redis, prefixes, stores, now: Date.now }), log);
  started.defer(() => checkup.close());
  // From here on it is the caller who ends it, in the opposite order.
  const ending = started.move();
  return { ended: Promise.all(shards.map(({ loop }) => loop.ended)).then(() => undefined), close: () => ending.disposeAsync() };
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
  readonly desk: FrontDesk;
  readonly takeoverMs: number;
  readonly warn: (event: string, err: unknown) => void;
}

/** Of the whole deployment, until the stack is disposed of. */
async function consumeStartRequests(started: AsyncDisposableStack, { redis, prefix, desk, takeoverMs, warn }: ConsumeStartRequests): Promise<void> {
  const starts = await consumeStarts({
    redis,
    prefix,
    // What a dead orchestrator had in hand is another's as soon as its partitions are: a start that is made twice is made once.
    lockMs: takeoverMs,
    stalledMs: takeoverMs / 2,
    onStart: (request) => start(desk, request),
    onError: (err) => warn('start_queue_error', err),
  });
  started.defer(() => starts.close());
}

/** Of a cluster one node may be away, which is no reason to end an orchestrator that has work in the others. */
async function problems(redis: Redis, shards: readonly Shard[]): Promise<readonly HealthProblem[]> {
  if (redis.status !== 'ready') return [{ code: 'redis_unreachable', message: 'There is no connection to Redis.' }];
  const idleMs = Math.max(0, ...shards.flatMap(({ prefix, loop }) => (isShardUp(redis, prefix) ? [loop.idleMs()] : [])));
  return idleMs < idleMsMax ? [] : [{ code: 'loop_stuck', message: `No reply has been looked for in ${Math.round(idleMs / 1_000)} s.` }];
}

async function start(desk: FrontDesk, request: StartRequest): Promise<StartOutcome> {
  const outcome = await desk.start(request);
  switch (outcome.status) {
    case 'created':
    case 'existing':
      return { status: 'started', workflowId: outcome.summary.header.id, created: outcome.status === 'created' };
    case 'invalid':
      return { status: 'refused', problems: outcome.problems };
    case 'conflict':
    case 'unknown_type':
      return { status: 'refused', problems: [{ path: '', code: outcome.status, message: outcome.message }] };
  }
}
