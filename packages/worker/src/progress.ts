/** Progress, at most once a second: the first at once, of those in between the last. */
import type { Progress } from '@baton/core';

const everyMs = 1_000;

export interface ProgressReporter {
  readonly report: (percent: number, message?: string) => void;
  /** Sends what waits, and takes nothing more. Never rejects: progress is not worth a failed attempt. */
  readonly end: () => Promise<void>;
}

export function createProgress(send: (progress: Progress) => Promise<void>, onError: (error: unknown) => void): ProgressReporter {
  let waiting: Progress | null = null;
  let timer: NodeJS.Timeout | undefined;
  let sending = Promise.resolve();
  let hasEnded = false;

  function flush(): void {
    if (waiting === null) return;
    const progress = waiting;
    waiting = null;
    sending = sending.then(() => send(progress)).catch(onError);
  }

  function tick(): void {
    timer = undefined;
    if (waiting === null) return;
    flush();
    timer = setTimeout(tick, everyMs);
  }

  return {
    report(percent, message) {
      if (hasEnded) return;
      waiting = { percent: Number.isNaN(percent) ? 0 : Math.min(100, Math.max(0, percent)), message: message ?? null };
      if (timer !== undefined) return;
      flush();
      timer = setTimeout(tick, everyMs);
    },
    async end() {
      hasEnded = true;
      clearTimeout(timer);
      flush();
      await sending;
    },
  };
}
