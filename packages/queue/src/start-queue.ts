/** Start requests as BullMQ jobs, for producers that have Redis and no HTTP. The job's return value is the answer. */
import { createHash, randomBytes } from 'node:crypto';
import type { Problem, StartRequest } from '@baton/core';
import { type StartWorkflowBody, StartWorkflowJob, workflowsQueue } from '@baton/protocol';
import { type Job, type JobsOptions, UnrecoverableError, Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import { RedisUnavailableError } from './connection.ts';
import { openQueue } from './queue-handle.ts';
import { onceTaken, restAfterRefusals } from './refusal.ts';

export type StartOutcome =
  | { readonly status: 'started'; readonly workflowId: string; readonly created: boolean }
  /** Bad input, or a conflict: another attempt would say the same. */
  | { readonly status: 'refused'; readonly problems: readonly Problem[] };

export interface StartAnswer {
  readonly workflow_id: string;
  readonly created: boolean;
}

export interface ConsumeStartsOptions {
  readonly redis: Redis;
  readonly prefix: string;
  readonly concurrency?: number;
  readonly lockMs?: number;
  readonly stalledMs?: number;
  /** Throws only where the outside world failed; then the job's `attempts` decide. */
  readonly onStart: (request: StartRequest) => Promise<StartOutcome>;
  readonly onError: (error: Error) => void;
}

/** Resolves when it is connected and consumes. */
export async function consumeStarts(options: ConsumeStartsOptions): Promise<{ readonly close: () => Promise<void> }> {
  const { redis, prefix, onStart, onError, concurrency = 16, lockMs = 30_000, stalledMs = 5_000 } = options;

  async function process(job: Job): Promise<StartAnswer> {
    const body = StartWorkflowJob.safeParse(job.data);
    if (!body.success) {
      throw refusal(body.error.issues.map(({ path, code, message }) => ({ path: path.map((part) => `/${String(part)}`).join(''), code, message })));
    }
    const outcome = await onStart(startRequest(job, body.data));
    if (outcome.status === 'refused') throw refusal(outcome.problems);
    return { workflow_id: outcome.workflowId, created: outcome.created };
  }

  const worker = new Worker(workflowsQueue, process, {
    connection: redis,
    prefix,
    concurrency,
    lockDuration: lockMs,
    stalledInterval: stalledMs,
    maxStalledCount: 10,
  });
  worker.on('error', onError);
  restAfterRefusals(worker);
  await worker.waitUntilReady();
  return { close: () => worker.close() };
}

export interface EnqueueOptions extends JobsOptions {
  /** How long Redis may take; without it 5 seconds. */
  readonly timeoutMs?: number;
}

export interface Enqueued {
  readonly jobId: string;
  /** The body's, or the one that it was given. */
  readonly workflowId: string;
}

/** The start was not accepted in time, or nobody knows: enqueue it again, with this `workflow_id`, which starts nothing twice. */
export class EnqueueError extends RedisUnavailableError {
  readonly workflowId: string;

  constructor(workflowId: string, message: string, options?: ErrorOptions) {
    super(`${message} Enqueue it again with the workflow_id "${workflowId}": that starts nothing twice.`, options);
    this.workflowId = workflowId;
  }
}

export interface StartQueue {
  /**
   * Adds a start request. With a `workflow_id` of its own the start is idempotent, whoever asks how often. When it resolves, the request is in Redis, as
   * durable as that is (`appendfsync`).
   *
   * @throws {EnqueueError} after `timeoutMs`, where Redis is away or takes nothing for so long
   */
  readonly enqueue: (body: StartWorkflowBody, options?: EnqueueOptions) => Promise<Enqueued>;
  readonly close: () => Promise<void>;
}

const timeoutMsDefault = 5_000;

const kept = { removeOnComplete: { age: 3_600, count: 1_000 }, removeOnFail: { age: 86_400, count: 1_000 } } as const;

export function createStartQueue(redis: Redis, prefix: string): StartQueue {
  const queue = openQueue(redis, prefix, workflowsQueue);

  async function add(body: StartWorkflowBody, options: JobsOptions, signal: AbortSignal): Promise<Job> {
    // What is sent while Redis is away waits in the client, and would be done after the caller was told that it was not.
    await whenReady(redis, signal);
    const policy = { attempts: 10, backoff: { type: 'exponential', delay: 500, jitter: 0.5 }, ...kept };
    return await onceTaken(() => queue.add('start', body, { ...policy, ...options }), signal);
  }

  return {
    async enqueue(body, { timeoutMs = timeoutMsDefault, ...options } = {}) {
      const workflowId = body.workflow_id ?? `wf_${randomBytes(12).toString('hex')}`;
      const over = new AbortController();
      const late = Promise.withResolvers<never>();
      const timer = setTimeout(() => {
        over.abort();
        late.reject(new EnqueueError(workflowId, `Redis did not take the start within ${timeoutMs} ms: it may be queued all the same.`));
      }, timeoutMs);
      try {
        const job = await Promise.race([add({ ...body, workflow_id: workflowId }, options, over.signal), late.promise]);
        return { jobId: String(job.id), workflowId };
      } finally {
        clearTimeout(timer);
      }
    },
    close: () => queue.close(),
  };
}

/** Never, once the signal has aborted: nobody waits for it then. */
async function whenReady(redis: Redis, signal: AbortSignal): Promise<void> {
  if (redis.status === 'ready') return;
  await new Promise<void>((resolve) => {
    redis.once('ready', resolve);
    signal.addEventListener('abort', () => redis.off('ready', resolve), { once: true });
  });
}

/** The problems as the job's failedReason: JSON, so that a producer can read them. */
function refusal(problems: readonly Problem[]): UnrecoverableError {
  return new UnrecoverableError(JSON.stringify(problems));
}

/** A request without an id gets one from its job: the job may run again after its start was committed. */
function startRequest(job: Job, body: ReturnType<typeof StartWorkflowJob.parse>): StartRequest {
  const { workflow_id, type, version, definition, params, conversation_id } = body;
  const derived = createHash('sha256').update(`${job.id}:${job.timestamp}`).digest('hex').slice(0, 24);
  return {
    workflowId: workflow_id ?? `wf_${derived}`,
    ...(type !== undefined && { type }),
    ...(version !== undefined && { version }),
    ...(definition !== undefined && { definition }),
    params,
    ...(conversation_id !== undefined && { conversationId: conversation_id }),
    caller: `queue/${workflowsQueue}`,
  };
}
