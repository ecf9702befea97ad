/** How long to wait before the next attempt. Randomness comes in, so that a test can fix it. */
import { limits } from './limits.ts';

export interface RetryPolicy {
  /** All attempts, the first included. */
  readonly attempts: number;
  /** Before the second attempt; doubles with each further one. */
  readonly backoffMs: number;
  /** The cap of the doubling. */
  readonly backoffMsMax: number;
  /** 0: exactly the backoff; 1: anything between nothing and the backoff. */
  readonly jitter: number;
}

/**
 * Exponential backoff with jitter: `backoffMs * 2^(attemptsMade - 1)`, capped, of which the part `jitter` is random.
 *
 * @param attemptsMade attempts that have failed so far, at least 1
 * @param random a number in [0, 1)
 * @returns milliseconds, whole
 */
export function retryDelayMs(policy: Pick<RetryPolicy, 'backoffMs' | 'backoffMsMax' | 'jitter'>, attemptsMade: number, random: number): number {
  const capMs = Math.min(policy.backoffMsMax, limits.backoffMsMax);
  const fullMs = Math.min(capMs, policy.backoffMs * 2 ** (attemptsMade - 1));
  return Math.round(fullMs * (1 - policy.jitter * random));
}
