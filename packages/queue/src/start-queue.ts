/** Start requests as BullMQ jobs, for producers that have Redis and no HTTP. The job's return value is the answer. */
import { createHash } from 'node:crypto';
import type { Problem, StartRequest } from '@baton/core';
import { type StartWorkflowBody, StartWorkflowJob, workflowsQueue } from '@baton/protocol';
import { type Job, type JobsOptions, UnrecoverableError, Worker } from 'bullmq';
import { openQueue } from './queue-handle.ts';
import type { Redis } from './redis.ts';

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
  await worker.waitUntilReady();
  return { close: () => worker.close() };
}

export interface StartQueue {
  /** Adds a start request. With a `workflow_id` of its own the start is idempotent, whoever asks how often. */
  readonly enqueue: (body: StartWorkflowBody, options?: JobsOptions) => Promise<{ readonly jobId: string }>;
  readonly close: () => Promise<void>;
}

export function createStartQueue(redis: Redis, prefix: string): StartQueue {
  const queue = openQueue(redis, prefix, workflowsQueue);
  return {
    async enqueue(body, options) {
      const job = await queue.add('start', body, {
        attempts: 10,
        backoff: { type: 'exponential', delay: 500, jitter: 0.5 },
        removeOnComplete: { age: 3_600, count: 1_000 },
        removeOnFail: { age: 86_400, count: 1_000 },
        ...options,
      });
      return { jobId: String(job.id) };
    },
    close: () => queue.close(),
  };
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
