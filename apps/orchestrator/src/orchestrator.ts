/** One replica of the orchestrator, wired: engine, result streams, partitions, start requests. What `main.ts` runs and what tests run in their own process. */
import { hostname } from 'node:os';
import { createDoctor, createSweeper, sweepEveryMs } from '@baton/doctor';
import { createEngine, type Engine, type EngineDeps } from '@baton/engine';
import {
  connectRedis,
  consumeStarts,
  consumeWebhooks,
  createDeadLetters,
  createPartitionLeases,
  createReplyReader,
  createSubtaskQueue,
  type Redis,
  type StartOutcome,
  watchTreePartners,
} from '@baton/queue';
import { createStore } from '@baton/store';
import { createMetrics, type HealthProblem, type Logger, logEvents, noMetrics, serveMetrics } from '@baton/telemetry';
import { nanoid } from 'nanoid';
import type { z } from 'zod';
import { reportFindings } from './checkup.ts';
import type { OrchestratorEnvironment } from './environment.ts';
import { holdPartitions } from './ownership.ts';
import { startSettleLoop } from './settle-loop.ts';
import { startSweeping } from './sweeping.ts';
import { reportUnserved } from './unserved.ts';

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
  const { BATON_PREFIX: prefix, BATON_LEASE_MS: takeoverMs, BATON_HOST: host, BATON_METRICS_PORT: port, BATON_EVICTING_REDIS: evicting } = environment;
  const leaseMs = Math.round(takeoverMs * leaseShare);
  const redis = await connectRedis(environment.BATON_REDIS_URL, { name: 'baton-orchestrator', evicting, observe: (event) => log.warn(event) });
  const warn = (event: string, err: unknown): void => log.warn({ event, err });
  const owner = `${hostname()}-${process.pid}-${nanoid(6)}`;
  const store = createStore({ redis, prefix });
  const queue = createSubtaskQueue({ redis, prefix });
  const reader = createReplyReader({ redis, prefix });
  const deadLetters = createDeadLetters({ redis, prefix });
  const metrics = port === 'off' ? noMetrics : createMetrics({ activeCounts: () => store.activeCounts(), deadLetters: () => deadLetters.count() });
  const logEvent = logEvents(log);
  const observe: EngineDeps['observe'] = (header, event) => {
    logEvent(header, event);
    metrics.observe(header, event);
  };

  await using started = new AsyncDisposableStack();
  started.defer(() => redis.disconnect());
  started.defer(() => queue.close());
  started.defer(() => reader.close());
  const trees = await watchTrees(started, environment, redis, warn);
  const retentionMs = environment.BATON_RETENTION_MS;
  const engine = createEngine({ store, queue, retentionMs, now: Date.now, observe, warn, count: metrics.count, ...trees });
  const loop = startSettleLoop({ engine, reader, warn });
  const server = port === 'off' ? null : await serveMetrics({ host, port, metrics, health: () => problems(redis, loop.idleMs()), log });
  started.defer(async () => await server?.close());
  const ownership = await holdPartitions({
    leases: createPartitionLeases({ redis, prefix, owner, leaseMs }),
    leaseMs,
    onChange: (partitions) => {
      log.info({ event: 'partitions_owned', owner, partitions });
      loop.own(partitions);
    },
    warn,
  });
  started.defer(() => ownership.release());
  started.defer(() => loop.stop());
  const lookout = reportUnserved(redis, prefix, log);
  started.defer(() => lookout.close());
  await consumeQueues(started, { redis, prefix, engine, takeoverMs, warn });
  log.info({ event: 'orchestrator_ready', owner });
  const looked = { redis, prefix, store, now: Date.now };
  const checkup = reportFindings(createDoctor(looked), log);
  started.defer(() => checkup.close());
  const sweeping = startSweeping(createSweeper(looked), sweepEveryMs, log);
  started.defer(() => sweeping.close());
  // From here on it is the caller who ends it, in the opposite order.
  const ending = started.move();
  return { ended: loop.ended, close: () => ending.disposeAsync() };
}

/** Who can take part in trees, and when trees are cut; until the stack is disposed of. */
async function watchTrees(
  started: AsyncDisposableStack,
  { BATON_TREES: when, BATON_PREFIX: prefix }: z.output<typeof OrchestratorEnvironment>,
  redis: Redis,
  warn: (event: string, err: unknown) => void,
): Promise<Pick<EngineDeps, 'sameTree' | 'areTreesCutUnderLoad'>> {
  if (when === 'off') return {};
  const partners = await watchTreePartners({ redis, prefix, onError: (err) => warn('agents_not_asked', err) });
  started.defer(() => partners.close());
  return { sameTree: partners.sameTree, areTreesCutUnderLoad: when === 'on' };
}

interface ConsumeQueues {
  readonly redis: Redis;
  readonly prefix: string;
  readonly engine: Engine;
  readonly takeoverMs: number;
  readonly warn: (event: string, err: unknown) => void;
}

/** Start requests and webhooks, until the stack is disposed of. */
async function consumeQueues(started: AsyncDisposableStack, { redis, prefix, engine, takeoverMs, warn }: ConsumeQueues): Promise<void> {
  const webhooks = await consumeWebhooks({ redis, prefix, onError: (err) => warn('webhook_failed', err) });
  started.defer(() => webhooks.close());
  const starts = await consumeStarts({
    redis,
    prefix,
    // What a dead orchestrator had in hand is another's as soon as its partitions are: a start that is made twice is made once.
    lockMs: takeoverMs,
    stalledMs: takeoverMs / 2,
    onStart: (request) => start(engine, request),
    onError: (err) => warn('start_queue_error', err),
  });
  started.defer(() => starts.close());
}

async function problems(redis: Redis, idleMs: number): Promise<readonly HealthProblem[]> {
  if (redis.status !== 'ready') return [{ code: 'redis_unreachable', message: 'There is no connection to Redis.' }];
  return idleMs < idleMsMax ? [] : [{ code: 'loop_stuck', message: `No reply has been looked for in ${Math.round(idleMs / 1_000)} s.` }];
}

async function start(engine: Engine, request: Parameters<Engine['start']>[0]): Promise<StartOutcome> {
  const outcome = await engine.start(request);
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
