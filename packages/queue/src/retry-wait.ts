/**
 * The wait before another attempt where this machine's clock is ahead. BullMQ reckons the time of the next attempt by the clock of the agent that has just
 * failed, and looks whether it has come by the clocks of all: the job would be left alone for as long as this clock is ahead of theirs. One that is behind
 * only shortens the wait.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { limits } from '@baton/core';
import type { Redis } from './redis.ts';
import { msOf } from './server-time.ts';

/** Less than this is what the way to Redis takes, or does no harm. */
const skewMsMin = 500;

/**
 * @param signal ends the part of the wait that is spent here
 * @returns the delay to give to BullMQ, so that the next attempt comes no later than `delayMs` from now by the clock of Redis
 */
export async function retryWaitMs(redis: Redis, delayMs: number, signal: AbortSignal): Promise<number> {
  const before = Date.now();
  const time = await redis.time();
  const aheadMs = Math.round((before + Date.now()) / 2 - msOf(time));
  if (aheadMs < skewMsMin) return delayMs;
  if (delayMs > aheadMs) return delayMs - aheadMs;
  // BullMQ knows no time before its own now, so it is waited for here, with the job in hand. A wait of the handler's own choice may have no bound: this one has.
  await sleep(Math.min(delayMs, limits.backoffMsMax), undefined, { signal }).catch(() => {});
  return 0;
}
