/** Our retry policy as BullMQ carries it: in the job, so that a worker needs to know nothing of the workflow's type. */
import { type RetryPolicy, retryDelayMs } from '@baton/core';
import type { BackoffOptions, Job } from 'bullmq';

/** A custom type makes BullMQ ask the worker's `backoffStrategy`, with the job. */
interface PolicyBackoff extends BackoffOptions {
  readonly type: 'policy';
  readonly delay: number;
  readonly jitter: number;
  readonly delayMax: number;
}

export function policyBackoff({ backoffMs, backoffMsMax, jitter }: Omit<RetryPolicy, 'attempts'>): PolicyBackoff {
  return { type: 'policy', delay: backoffMs, jitter, delayMax: backoffMsMax };
}

/** The wait before the next attempt, by the job's own policy; none for a job that carries no policy of ours. */
export function jobDelayMs(job: Pick<Job, 'opts'>, attemptsMade: number): number {
  const backoff = job.opts.backoff as PolicyBackoff | undefined;
  if (backoff?.type !== 'policy') return 0;
  return retryDelayMs({ backoffMs: backoff.delay, backoffMsMax: backoff.delayMax, jitter: backoff.jitter }, attemptsMade, Math.random());
}
