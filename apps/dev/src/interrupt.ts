/** Ctrl-C and its like as one AbortSignal: the first asks everything to stop, the second gives up waiting for that. */
import { constants } from 'node:os';

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

export interface Interrupts {
  readonly signal: AbortSignal;
  /** What the exit code must be after an interrupt, as shells have it; null if there was none. */
  exitCode(): number | null;
}

export function listenForInterrupts(): Interrupts {
  const controller = new AbortController();
  let code: number | null = null;
  for (const name of signals) {
    process.on(name, () => {
      if (code !== null) process.exit(code);
      code = 128 + constants.signals[name];
      controller.abort();
    });
  }
  return { signal: controller.signal, exitCode: () => code };
}

/** Resolves, with null, when it happens. */
export function interrupted(signal: AbortSignal): Promise<null> {
  if (signal.aborted) return Promise.resolve(null);
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(null), { once: true }));
}
