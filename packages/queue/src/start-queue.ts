/** Start requests as BullMQ jobs, for producers that have Redis and no HTTP. The job's return value is the answer. */
import { createHash, randomBytes } from 'node:crypto';
import { currentSchema, limits, NewerSchemaError, type Problem, type Schema, type StartRequest } from '@baton/core';
import { type StartWorkflowBody, StartWorkflowJob, workflowsQueue } from '@baton/protocol';
import { type Job, type JobsOptions, UnrecoverableError, Worker } from 'bullmq';
import { RedisUnavailableError } from './connection.ts';
import { keptJobs } from './finished-jobs.ts';
import { createNewerJobs } from './newer-job.ts';
import { openQueue } from './queue-handle.ts';
import type { Redis } from './redis.ts';
import { onceTaken, restAfterRefusals } from './refusal.ts';
import { openWaitingRoom } from './waiting-room.ts';
import type { WaitsFor } from './waiting-starts.ts';

export type StartOutcome =
  | { readonly status: 'started'; readonly workflowId: string; readonly created: boolean }
  /** Bad input, or a conflict: another attempt would say the same. */
  | { readonly status: 'refused'; readonly problems: readonly Problem[] }
  /** Right, but there is no place now. */
  | { readonly status: 'waits'; readonly waitsFor: WaitsFor };

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
  /** Up to which it takes them: that of this code, but in tests. */
  readonly schema?: Schema;
  /** Throws only where the outside world failed; then the job's `attempts` decide. */
  readonly onStart: (request: StartRequest) => Promise<StartOutcome>;
  /** How many of those that wait for this may try again now. Without it they do when their delay is over. */
  readonly room?: (waitsFor: WaitsFor) => Promise<number>;
  readonly onError: (error: Error) => void;
}

export interface StartConsumer {
  /** A workflow has ended: there may be a place for a start that waits. */
  readonly wake: () => void;
  readonly close: () => Promise<void>;
}

/** Resolves when it is connected and consumes. */
export async function consumeStarts(options: ConsumeStartsOptions): Promise<StartConsumer> {
  const { redis, prefix, onStart, onError, room = async () => 0, concurrency = 16, lockMs = 30_000, stalledMs = 5_000, schema = currentSchema } = options;
  const waitingRoom = openWaitingRoom({ redis, prefix, room, onError });
  const newer = createNewerJobs({ redis, schema, kind: 'start', onNewer: onError });

  async function process(job: Job, token: string | undefined): Promise<StartAnswer> {
    const body = StartWorkflowJob.safeParse(await newer.take(job, token));
    if (!body.success) {
      throw refusal(body.error.issues.map(({ path, code, message }) => ({ path: path.map((part) => `/${String(part)}`).join(''), code, message })));
    }
    const ahead = waitingRoom.ahead(job, typeName(body.data));
    if (ahead !== null) return await waitingRoom.enter(job, token, ahead);
    // The type, or the workflow that has the id already, may be newer: then who knows that can answer.
    const outcome = await onStart(startRequest(job, body.data)).catch((error: unknown) => {
      if (error instanceof NewerSchemaError) return newer.leave(job, token);
      throw error;
    });
    if (outcome.status === 'waits') return await waitingRoom.enter(job, token, outcome.waitsFor);
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
    ...keptJobs,
  });
  worker.on('error', onError);
  restAfterRefusals(worker);
  await worker.waitUntilReady();
  return {
    wake: waitingRoom.wake,
    async close() {
      await worker.close();
      await waitingRoom.close();
    },
  };
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

export function createStartQueue(redis: Redis, prefix: string): StartQueue {
  const queue = openQueue(redis, prefix, workflowsQueue);

  async function add(body: StartWorkflowBody, options: JobsOptions, signal: AbortSignal): Promise<Job> {
    // What is sent while Redis is away waits in the client, and would be done after the caller was told that it was not.
    await whenReady(redis, signal);
    const policy = { attempts: 10, backoff: { type: 'exponential', delay: 500, jitter: 0.5 }, ...keptJobs };
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

/** Null: it cannot be told before the definition was looked at. */
function typeName({ type, definition }: ReturnType<typeof StartWorkflowJob.parse>): string | null {
  if (type !== undefined) return type;
  const name = typeof definition === 'object' && definition !== null && 'name' in definition ? definition['name'] : null;
  return typeof name === 'string' ? name : null;
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
    // BullMQ keeps the job, with all that is in it, for a while.
    paramsBytesMax: limits.heldInlineBytesMax,
    ...(conversation_id !== undefined && { conversationId: conversation_id }),
    caller: `queue/${workflowsQueue}`,
  };
}
