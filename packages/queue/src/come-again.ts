/** A job back into its queue, to come up again after a while. Uses up no attempt. */
import { DelayedError, type Job } from 'bullmq';
import type { Redis } from './redis.ts';
import { onceTaken } from './refusal.ts';
import { retryWaitMs } from './retry-wait.ts';

/** @param signal ends the part of the wait that is spent here, where this machine's clock is ahead */
export async function comeAgain(redis: Redis, job: Job, token: string | undefined, delayMs: number, signal: AbortSignal): Promise<never> {
  const waitMs = await onceTaken(() => retryWaitMs(redis, delayMs, signal), signal);
  await onceTaken(() => job.moveToDelayed(Date.now() + waitMs, token), signal);
  throw new DelayedError();
}
