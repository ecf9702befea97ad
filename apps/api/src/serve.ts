/** The API on Redis and on a port, from its environment; what `main.ts` runs and what tests run in their own process. */
import { openBlobs } from '@baton/blobs';
import { type BlobStore, currentSchema, type Schema, type SubtaskQueue, shardOf } from '@baton/core';
import { createDoctor } from '@baton/doctor';
import { type Admission, type AdmissionLimits, createAdmissions, createEngines, type EngineDeps } from '@baton/engine';
import { exitCodes } from '@baton/protocol';
import {
  connectRedis,
  createLoadReader,
  createSubtaskQueue,
  deadLettersOf,
  isShardUp,
  knownCapabilities,
  listAgents,
  openShards,
  queuesOf,
  type Redis,
  readWaitingStarts,
  shardProblems,
  watchTreePartners,
} from '@baton/queue';
import { createStores, recordsOf } from '@baton/store';
import { createMetrics, isStopping, type Logger, observer } from '@baton/telemetry';
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
  const { BATON_HOST: host, BATON_API_PORT: port, BATON_REDIS_URL: redisUrl, BATON_PREFIX: home, BATON_EVICTING_REDIS: evicting } = environment;
  assertLoopback(host);
  const redis = await connectRedis(redisUrl, { name: 'baton-api', evicting, observe: (event) => log.warn(event) });
  await using started = new AsyncDisposableStack();
  started.defer(() => redis.disconnect());
  const blobs = await openBlobs(environment.BATON_BLOBS);
  const onError = (err: Error): void => log.warn({ event: 'agents_not_asked', err });
  const prefixes = await openShards(redis, home, environment.BATON_SHARDS);
  const watch = async (prefix: string): Promise<Settings> => {
    const partners = environment.BATON_TREES === 'off' ? null : await watchTreePartners({ redis, prefix, onError });
    started.defer(() => partners?.close());
    return { sameTree: partners?.sameTree, areTreesCutUnderLoad: environment.BATON_TREES === 'on', retentionMs: environment.BATON_RETENTION_MS };
  };
  const settings = await Promise.all(prefixes.map(watch));
  const limits = { activeMax: environment.BATON_MAX_ACTIVE, queuedMax: environment.BATON_MAX_QUEUE_DEPTH };
  const app = await apiOn({ redis, prefixes, blobs, schema, log, stopping, settings, limits });
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

type Settings = Pick<EngineDeps, 'sameTree' | 'areTreesCutUnderLoad' | 'retentionMs'>;

interface ApiOn {
  readonly redis: Redis;
  /** Of each shard. */
  readonly prefixes: readonly string[];
  readonly blobs: BlobStore | undefined;
  readonly schema: Schema;
  readonly log: Logger;
  readonly stopping: AbortSignal;
  /** Of each shard. */
  readonly settings: readonly Settings[];
  readonly limits: AdmissionLimits;
}

async function apiOn({ redis, prefixes, blobs, schema, log, stopping, settings, limits }: ApiOn): Promise<FastifyInstance> {
  const [home] = prefixes as [string, ...string[]];
  const stores = createStores({ redis, prefixes, blobs, schema });
  const queues = prefixes.map((prefix) => createSubtaskQueue({ redis, prefix, blobs, schema }));
  const store = recordsOf(stores);
  const deadLetters = deadLettersOf({ redis, prefixes });
  const metrics = createMetrics({
    activeCounts: () => store.activeCounts(),
    deadLetters: () => deadLetters.count(),
    startsWaiting: () => readWaitingStarts(redis, home),
  });
  const told = { ...observer(log, metrics), count: metrics.count, warn: (event: string, err: unknown) => log.warn({ event, err }) };
  const loads = stores.map((own, shard) => ({ store: own, load: createLoadReader(redis, prefixes[shard] as string) }));
  const { admissions } = createAdmissions(loads, { ...limits, now: () => performance.now() });
  const deps = stores.map(
    (own, shard): EngineDeps => ({
      ...told,
      schema,
      now: Date.now,
      store: own,
      queue: queues[shard] as SubtaskQueue,
      ...settings[shard],
      admission: admissions[shard] as Admission,
    }),
  );
  return await buildApi({
    engine: createEngines(deps).desk,
    store,
    queue: queuesOf(queues),
    shardCount: prefixes.length,
    agents: () => listAgents(redis, home),
    capabilityNames: async () => [...new Set((await Promise.all(prefixes.map((prefix) => knownCapabilities(redis, prefix)))).flat())],
    queues: createQueueList(redis, prefixes),
    doctor: createDoctor({ redis, prefixes, stores, now: Date.now }),
    deadLetters,
    isRedisUp(shards) {
      const isUp = (prefix: string): boolean => isShardUp(redis, prefix);
      if (shards === 'any') return prefixes.some(isUp);
      return shards === 'all' ? prefixes.every(isUp) : isUp(prefixes[shardOf(shards.workflowId, prefixes.length)] as string);
    },
    health: async () => (stopping.aborted ? [isStopping] : await shardProblems(redis, prefixes)),
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
