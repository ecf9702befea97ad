/** Agents in one process, wired: one connection, one metrics server. What `runWorker` runs and what tests run in their own process. */
import { mkdir } from 'node:fs/promises';
import { openBlobs } from '@baton/blobs';
import { createFileExchange, type FileExchange } from '@baton/files';
import { finishMsOf } from '@baton/protocol';
import { connectRedis, type Redis } from '@baton/queue';
import { createMetrics, type HealthProblem, isStopping, type Logger, noMetrics, serveMetrics } from '@baton/telemetry';
import { type Agent, type AgentOptions, NonRetryableError, type RunningAgent, runAgent } from '@baton/worker';
import type { WorkerEnvironment } from './environment.ts';

export interface Worker {
  /** Takes no more work, lets what runs finish or hands it back, lets go of Redis. */
  close(): Promise<void>;
}

export interface WorkerPlan<Environment extends WorkerEnvironment> {
  /** Names the process in logs and to Redis: `worker-sales`. */
  readonly service: string;
  readonly agents: (environment: Environment, exchange: FileExchange) => readonly Agent[];
  /** Up to which they take assignments: that of this code, but in tests. */
  readonly schema?: AgentOptions['schema'];
}

/** @throws what connecting to Redis and listening throw, each with an `exitCode` */
export async function startWorker<Environment extends WorkerEnvironment>(
  { service, agents, schema }: WorkerPlan<Environment>,
  environment: Environment,
  log: Logger,
  stopping?: AbortSignal,
): Promise<Worker> {
  await mkdir(environment.BATON_FILES_DIR, { recursive: true });
  const { BATON_REDIS_URL: redisUrl, BATON_EVICTING_REDIS: evicting } = environment;
  const redis = await connectRedis(redisUrl, { name: `baton-${service}`, evicting, observe: (event) => log.warn(event) });
  await using started = new AsyncDisposableStack();
  started.defer(() => redis.disconnect());
  const blobs = await openBlobs(environment.BATON_BLOBS);
  const { BATON_HOST: host, BATON_METRICS_PORT: port } = environment;
  const metrics = port === 'off' ? noMetrics : createMetrics();
  const server = port === 'off' ? null : await serveMetrics({ host, port, metrics, health: () => problems(redis, stopping), log });
  started.defer(async () => await server?.close());
  const running: RunningAgent[] = [];
  started.defer(async () => void (await Promise.all(running.map((agent) => agent.close({ graceMs: finishMsOf(environment.BATON_GRACE_MS) })))));
  for (const agent of agents(environment, createFileExchange(environment.BATON_FILES_DIR, NonRetryableError))) {
    running.push(
      await runAgent(agent, {
        redis,
        prefix: environment.BATON_PREFIX,
        ...(blobs && { blobs }),
        shards: environment.BATON_SHARDS,
        concurrency: environment.BATON_CONCURRENCY,
        lockMs: environment.BATON_LOCK_MS,
        stalledMs: environment.BATON_STALLED_MS,
        trustDomain: environment.BATON_TRUST_DOMAIN,
        logger: log,
        ...(schema !== undefined && { schema }),
        onRetry: (capability, reason) => metrics.subtaskRetried(capability, reason),
      }),
    );
  }
  // From here on it is the caller who ends it.
  const ending = started.move();
  return { close: () => ending.disposeAsync() };
}

async function problems(redis: Redis, stopping: AbortSignal | undefined): Promise<readonly HealthProblem[]> {
  if (stopping?.aborted) return [isStopping];
  return redis.status === 'ready' ? [] : [{ code: 'redis_unreachable', message: 'There is no connection to Redis.' }];
}
