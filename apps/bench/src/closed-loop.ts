/**
 * The load: so many workflows in flight, the next one starts when one has ended. What is counted is a window of time in the middle, from one
 * ending to another, so that neither the first start nor the last drain is in it; results are checked before, in and after it.
 */

export interface LoopOptions {
  readonly inFlight: number;
  readonly warmUpMs: number;
  readonly windowMs: number;
  /** The least that is counted, however long that takes. */
  readonly countMin: number;
  /** Starts workflow `n` and resolves when it has ended; rejects when it ended otherwise than it should. */
  readonly run: (n: number) => Promise<void>;
  /** Called as the window opens and as it closes. */
  readonly onEdge: () => void;
  /** Nothing ended for so long: something is broken. */
  readonly silentMsMax: number;
}

export interface LoopResult {
  readonly windowMs: number;
  /** In the window; `latenciesMs` has one entry for each. */
  readonly completed: number;
  readonly latenciesMs: readonly number[];
  /** In all: each was checked. */
  readonly checked: number;
}

export class SilentError extends Error {
  readonly code = 'SILENT';
}

export async function closedLoop(options: LoopOptions): Promise<LoopResult> {
  const { inFlight, warmUpMs, windowMs, countMin, run, onEdge } = options;
  const begun = performance.now();
  const latenciesMs: number[] = [];
  let [started, checked] = [0, 0];
  let [opened, closed] = [Number.NaN, Number.NaN];
  let lastEnd = begun;

  function ended(startedAt: number): void {
    const now = performance.now();
    checked += 1;
    lastEnd = now;
    if (!Number.isNaN(closed)) return;
    if (!Number.isNaN(opened)) latenciesMs.push(now - startedAt);
    const isWarm = Number.isNaN(opened) && checked >= inFlight && now >= begun + warmUpMs;
    const isOver = latenciesMs.length >= countMin && now >= opened + windowMs;
    if (isWarm) opened = now;
    if (isOver) closed = now;
    if (isWarm || isOver) onEdge();
  }

  async function lane(): Promise<void> {
    while (Number.isNaN(closed)) {
      const startedAt = performance.now();
      started += 1;
      await run(started);
      ended(startedAt);
    }
  }

  const watch = watchdog(options.silentMsMax, () => lastEnd);
  try {
    await Promise.race([Promise.all(Array.from({ length: inFlight }, lane)), watch.silent]);
  } finally {
    watch.stop();
  }
  return { windowMs: closed - opened, completed: latenciesMs.length, latenciesMs, checked };
}

function watchdog(silentMsMax: number, lastEnd: () => number): { readonly silent: Promise<never>; readonly stop: () => void } {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setInterval(() => {
    if (performance.now() > lastEnd() + silentMsMax) reject(new SilentError(`No workflow has ended for ${silentMsMax / 1_000} s.`));
  }, silentMsMax / 10);
  return { silent: promise, stop: () => clearInterval(timer) };
}
