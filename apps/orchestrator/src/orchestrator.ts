/** One replica of the orchestrator, wired: engine, result streams, partitions, start requests. What `main.ts` runs and what tests run in their own process. */
import { hostname } from 'node:os';
import { openBlobs } from '@baton/blobs';
import { currentSchema, type Schema, type WorkflowStore } from '@baton/core';
import { createDoctor, createSweeper, sweepEveryMs } from '@baton/doctor';
import { type Admission, createAdmission, createEngine, type Engine, type EngineDeps } from '@baton/engine';
import { finishMsOf } from '@baton/protocol';
import {
  connectRedis,
  consumeStarts,
  consumeWebhooks,
  createDeadLetters,
  createLoadReader,
  createPartitionLeases,
  createReplyReader,
  createSubtaskQueue,
  type Redis,
  readWaitingStarts,
  redisProblems,
  watchTreePartners,
} from '@baton/queue';
import { createStore } from '@baton/store';
import {
  boundedLines,
  createMetrics,
  type HealthProblem,
  isStopping,
  type Logger,
  logEvents,
  logRefusals,
  type Metrics,
  noMetrics,
  serveMetrics,
} from '@baton/telemetry';
import { nanoid } from 'nanoid';
import type { z } from 'zod';
import { reportFindings } from './checkup.ts';
import type { OrchestratorEnvironment } from './environment.ts';
import { startJanitor } from './janitor.ts';
import { createNewerPartitions } from './newer-partitions.ts';
import { holdPartitions } from './ownership.ts';
import { startSettleLoop } from './settle-loop.ts';
import { hasEndedBy, startOf } from './start-request.ts';
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
  const { BATON_PREFIX: prefix, BATON_LEASE_MS: takeoverMs, BATON_HOST: host, BATON_METRICS_PORT: port, BATON_EVICTING_REDIS: evicting } = environment;
  const leaseMs = Math.round(takeoverMs * leaseShare);
  const redis = await connectRedis(environment.BATON_REDIS_URL, { name: 'baton-orchestrator', evicting, observe: (event) => log.warn(event) });
  await using started = new AsyncDisposableStack();
  started.defer(() => redis.disconnect());
  const blobs = await openBlobs(environment.BATON_BLOBS, { redis, prefix });
  const write = boundedLines((line) => log.warn(line));
  const warn = (event: string, err: unknown): void => write({ event, err });
  const owner = `${hostname()}-${process.pid}-${nanoid(6)}`;
  const ports = { redis, prefix, blobs, schema };
  const [store, queue, reader] = [createStore(ports), createSubtaskQueue(ports), createReplyReader(ports)];
  const told = telling({ redis, prefix, store, log, hasMetrics: port !== 'off' });
  const { metrics } = told;

  started.defer(() => queue.close());
  started.defer(() => reader.close());
  const trees = await watchTrees(started, environment, redis, warn);
  const limits = { activeMax: environment.BATON_MAX_ACTIVE, queuedMax: environment.BATON_MAX_QUEUE_DEPTH };
  const admission = createAdmission({ store, load: createLoadReader(redis, prefix), ...limits, now: () => performance.now() });
  const { observe, onRefused } = told;
  const retentionMs = environment.BATON_RETENTION_MS;
  const engine = createEngine({ store, queue, schema, retentionMs, now: Date.now, observe, warn, count: metrics.count, admission, onRefused, ...trees });
  const newer = createNewerPartitions(log, schema.version);
  const loop = startSettleLoop({ engine, reader, onNewer: newer.meet, warn });
  const server =
    port === 'off' ? null : await serveMetrics({ host, port, metrics, health: () => problems({ redis, prefix, idleMs: loop.idleMs(), stopping }), log });
  started.defer(async () => await server?.close());
  const ownership = await holdPartitions({
    leases: createPartitionLeases({ redis, prefix, owner, leaseMs, schemaVersion: schema.version }),
    leaseMs,
    newer: newer.met,
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
  const janitor = startJanitor(redis, prefix, environment.BATON_JANITOR_MS, log);
  started.defer(() => janitor.close());
  const finishMs = finishMsOf(environment.BATON_GRACE_MS);
  told.onPlace = await consumeQueues(started, { redis, prefix, schema, engine, admission, takeoverMs, finishMs, warn });
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

interface Telling {
  readonly redis: Redis;
  readonly prefix: string;
  readonly store: Pick<WorkflowStore, 'activeCounts'>;
  readonly log: Logger;
  readonly hasMetrics: boolean;
}

interface Told extends Required<Pick<EngineDeps, 'observe' | 'onRefused'>> {
  readonly metrics: Metrics;
  /** Called when a workflow has ended, which leaves a place for another. */
  onPlace: () => void;
}

/** Log and metrics of what was committed, and of what was not let in. */
function telling({ redis, prefix, store, log, hasMetrics }: Telling): Told {
  const deadLetters = createDeadLetters({ redis, prefix });
  const asked = { activeCounts: () => store.activeCounts(), deadLetters: () => deadLetters.count(), startsWaiting: () => readWaitingStarts(redis, prefix) };
  const metrics = hasMetrics ? createMetrics(asked) : noMetrics;
  const [logEvent, logRefusal] = [logEvents(log), logRefusals(log, () => performance.now())];
  const told: Told = {
    metrics,
    onPlace() {},
    observe(header, event) {
      logEvent(header, event);
      metrics.observe(header, event);
      if (hasEndedBy(event)) told.onPlace();
    },
    onRefused(type, refusal) {
      logRefusal(type, refusal);
      metrics.notAdmitted(type, refusal.limit);
    },
  };
  return told;
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
  readonly schema: Schema;
  readonly engine: Engine;
  readonly admission: Admission;
  readonly takeoverMs: number;
  readonly finishMs: number;
  readonly warn: (event: string, err: unknown) => void;
}

/** Start requests and webhooks, until the stack is disposed of. @returns whom to tell that there may be a place for a start that waits */
async function consumeQueues(started: AsyncDisposableStack, options: ConsumeQueues): Promise<() => void> {
  const { redis, prefix, schema, engine, admission, takeoverMs, finishMs, warn } = options;
  const webhooks = await consumeWebhooks({ redis, prefix, schema, onError: (err) => warn('webhook_failed', err) });
  started.defer(() => webhooks.close(finishMs));
  const starts = await consumeStarts({
    redis,
    prefix,
    schema,
    // What a dead orchestrator had in hand is another's as soon as its partitions are: a start that is made twice is made once.
    lockMs: takeoverMs,
    stalledMs: takeoverMs / 2,
    onStart: startOf(engine),
    room: admission.room,
    onError: (err) => warn('start_queue_error', err),
  });
  started.defer(() => starts.close());
  return starts.wake;
}

interface Looked {
  readonly redis: Redis;
  readonly prefix: string;
  readonly idleMs: number;
  readonly stopping: AbortSignal;
}

async function problems({ redis, prefix, idleMs, stopping }: Looked): Promise<readonly HealthProblem[]> {
  if (stopping.aborted) return [isStopping];
  const ofRedis = await redisProblems(redis, prefix);
  if (ofRedis.length > 0) return ofRedis;
  return idleMs < idleMsMax ? [] : [{ code: 'loop_stuck', message: `No reply has been looked for in ${Math.round(idleMs / 1_000)} s.` }];
}
