/** The API on Redis and on a port, from its environment; what `main.ts` runs and what tests run in their own process. */
import { openBlobs } from '@baton/blobs';
import { type BlobStore, currentSchema, type Schema } from '@baton/core';
import { createDoctor } from '@baton/doctor';
import { type AdmissionLimits, createAdmission, createEngine, type EngineDeps } from '@baton/engine';
import { exitCodes } from '@baton/protocol';
import {
  connectRedis,
  createDeadLetters,
  createLoadReader,
  createSubtaskQueue,
  knownCapabilities,
  listAgents,
  type Redis,
  readWaitingStarts,
  redisProblems,
  watchTreePartners,
} from '@baton/queue';
import { createStore } from '@baton/store';
import { createMetrics, isStopping, type Logger, logEvents, logRefusals } from '@baton/telemetry';
import type { FastifyInstance } from 'fastify';
import type { z } from 'zod';
import { buildApi } from './build-api.ts';
import type { ApiEnvironment } from './environment.ts';
import { assertLoopback } from './loopback.ts';
import { createQueueList } from './queue-list.ts';

export class ApiPortError extends Error {
  readonly code = 'API_PORT';
  readonly exitCode = exitCodes.badInput;
}

export interface ServedApi {
  readonly url: string;
  /** Stops accepting, answers what it has, lets go of Redis. */
  close(): Promise<void>;
}

/**
 * @param schema what it reads and writes: that of this code, but in tests
 * @throws {NotLoopbackError | ApiPortError} and what connecting to Redis throws, each with an `exitCode`
 */
export async function serveApi(environment: z.output<typeof ApiEnvironment>, log: Logger, stopping: AbortSignal, schema = currentSchema): Promise<ServedApi> {
  const { BATON_HOST: host, BATON_API_PORT: port, BATON_REDIS_URL: redisUrl, BATON_PREFIX: prefix, BATON_EVICTING_REDIS: evicting } = environment;
  assertLoopback(host);
  const redis = await connectRedis(redisUrl, { name: 'baton-api', evicting, observe: (event) => log.warn(event) });
  await using started = new AsyncDisposableStack();
  started.defer(() => redis.disconnect());
  const blobs = await openBlobs(environment.BATON_BLOBS, { redis, prefix });
  const onError = (err: Error): void => log.warn({ event: 'agents_not_asked', err });
  const partners = environment.BATON_TREES === 'off' ? null : await watchTreePartners({ redis, prefix, onError });
  started.defer(() => partners?.close());
  const settings = { sameTree: partners?.sameTree, areTreesCutUnderLoad: environment.BATON_TREES === 'on', retentionMs: environment.BATON_RETENTION_MS };
  const limits = { activeMax: environment.BATON_MAX_ACTIVE, queuedMax: environment.BATON_MAX_QUEUE_DEPTH };
  const app = await apiOn({ redis, prefix, blobs, schema, log, stopping, settings, limits });
  const url = await listen(app, host, port);
  log.info({ event: 'api_ready', url });
  // From here on it is the caller who ends it.
  const ending = started.move();
  return {
    url,
    close: async () => {
      await app.close();
      await ending.disposeAsync();
    },
  };
}

interface ApiOn {
  readonly redis: Redis;
  readonly prefix: string;
  readonly blobs: BlobStore;
  readonly schema: Schema;
  readonly log: Logger;
  readonly stopping: AbortSignal;
  readonly settings: Pick<EngineDeps, 'sameTree' | 'areTreesCutUnderLoad' | 'retentionMs'>;
  readonly limits: AdmissionLimits;
}

async function apiOn({ redis, prefix, blobs, schema, log, stopping, settings, limits }: ApiOn): Promise<FastifyInstance> {
  const store = createStore({ redis, prefix, blobs, schema });
  const queue = createSubtaskQueue({ redis, prefix, blobs, schema });
  const deadLetters = createDeadLetters({ redis, prefix });
  const metrics = createMetrics({
    activeCounts: () => store.activeCounts(),
    deadLetters: () => deadLetters.count(),
    startsWaiting: () => readWaitingStarts(redis, prefix),
  });
  const [logEvent, logRefusal] = [logEvents(log), logRefusals(log, () => performance.now())];
  const engine = createEngine({
    store,
    queue,
    schema,
    now: Date.now,
    observe: (header, event) => {
      logEvent(header, event);
      metrics.observe(header, event);
    },
    warn: (event, err) => log.warn({ event, err }),
    ...settings,
    admission: createAdmission({ store, load: createLoadReader(redis, prefix), ...limits, now: () => performance.now() }),
    onRefused: (type, refusal) => {
      logRefusal(type, refusal);
      metrics.notAdmitted(type, refusal.limit);
    },
    count: metrics.count,
  });
  return await buildApi({
    engine,
    store,
    queue,
    agents: () => listAgents(redis, prefix),
    capabilityNames: () => knownCapabilities(redis, prefix),
    queues: createQueueList(redis, prefix),
    doctor: createDoctor({ redis, prefix, store, now: Date.now }),
    deadLetters,
    isRedisUp: () => redis.status === 'ready',
    health: async () => (stopping.aborted ? [isStopping] : await redisProblems(redis, prefix)),
    metrics,
    log,
    now: Date.now,
    stopping,
  });
}

async function listen(app: FastifyInstance, host: string, port: number): Promise<string> {
  try {
    return await app.listen({ host, port });
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    const why = code === 'EADDRINUSE' ? 'is in use' : `cannot be listened on (${code ?? String(cause)})`;
    throw new ApiPortError(`Port ${port} of ${host} ${why}: set BATON_API_PORT to a free port, or to 0 for any.`, { cause });
  }
}
