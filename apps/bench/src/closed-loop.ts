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
  const { inFlight, warmUpMs, windowMs, countMin, run, onEdge, silentMsMax } = options;
  const begun = performance.now();
  const latenciesMs: number[] = [];
  let checked = 0;
  let [opened, closed] = [Number.NaN, Number.NaN];

  function ended(startedAt: number): void {
    const now = performance.now();
    checked += 1;
    if (!Number.isNaN(closed)) return;
    if (!Number.isNaN(opened)) latenciesMs.push(now - startedAt);
    const isWarm = Number.isNaN(opened) && checked >= inFlight && now >= begun + warmUpMs;
    const isOver = latenciesMs.length >= countMin && now >= opened + windowMs;
    if (isWarm) opened = now;
    if (isOver) closed = now;
    if (isWarm || isOver) onEdge();
  }

  async function measured(n: number): Promise<void> {
    const startedAt = performance.now();
    await run(n);
    ended(startedAt);
  }

  await keepInFlight({ inFlight, run: measured, isOver: () => !Number.isNaN(closed), silentMsMax });
  return { windowMs: closed - opened, completed: latenciesMs.length, latenciesMs, checked };
}

/** So many at a time until it is over; what was started then is waited for. */
export async function keepInFlight({
  inFlight,
  run,
  isOver,
  silentMsMax,
}: Pick<LoopOptions, 'inFlight' | 'run' | 'silentMsMax'> & { readonly isOver: () => boolean }): Promise<void> {
  let started = 0;
  let lastEnd = performance.now();

  async function lane(): Promise<void> {
    while (!isOver()) {
      started += 1;
      await run(started);
      lastEnd = performance.now();
    }
  }

  const watch = watchdog(silentMsMax, () => lastEnd);
  try {
    await Promise.race([Promise.all(Array.from({ length: inFlight }, lane)), watch.silent]);
  } finally {
    watch.stop();
  }
}

function watchdog(silentMsMax: number, lastEnd: () => number): { readonly silent: Promise<never>; readonly stop: () => void } {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setInterval(() => {
    if (performance.now() > lastEnd() + silentMsMax) reject(new SilentError(`No workflow has ended for ${silentMsMax / 1_000} s.`));
  }, silentMsMax / 10);
  return { silent: promise, stop: () => clearInterval(timer) };
}
