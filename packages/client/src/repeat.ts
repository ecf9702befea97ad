/** When a call is made again: its answer was lost or Redis was away, twice is once, and there is time left. */
import { BatonApiError, BatonUnreachableError } from './failure.ts';

const backoffMs = { first: 200, factor: 2, max: 2_000 } as const;

export interface RepeatOptions {
  /** For how long, from the first try on. */
  readonly repeatMs: number;
  /** Twice is once. */
  readonly isRepeatable: boolean;
}

/** @throws what the last try threw */
export async function repeated<T>({ repeatMs, isRepeatable }: RepeatOptions, attempt: () => Promise<T>): Promise<T> {
  const until = performance.now() + repeatMs;
  for (let tries = 0; ; tries += 1) {
    try {
      return await attempt();
    } catch (error) {
      if (!isRepeatable || !isPassing(error)) throw error;
      const delayMs = delayMsAfter(error, tries);
      if (performance.now() + delayMs > until) throw error;
      await new Promise((resolve) => setTimeout(resolve, delayMs));
    }
  }
}

/** Nobody answered, or the API is there and its Redis is not. */
export function isPassing(error: unknown): error is BatonApiError | BatonUnreachableError {
  return error instanceof BatonUnreachableError || (error instanceof BatonApiError && error.status === 503);
}

/** As the API asks for, and longer each time; not the same for all who wait. */
function delayMsAfter(error: BatonApiError | BatonUnreachableError, tries: number): number {
  const asked = error instanceof BatonApiError ? (error.retryAfterMs ?? 0) : 0;
  const backoff = Math.min(backoffMs.first * backoffMs.factor ** tries, backoffMs.max);
  return Math.max(asked, backoff) * (1 + Math.random() / 4);
}
