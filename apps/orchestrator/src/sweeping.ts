/** Cleans up from time to time, whichever orchestrator's turn it is; what it took away goes to the log. Nothing waits for it. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Sweeper } from '@baton/doctor';
import type { Logger } from '@baton/telemetry';

export interface Sweeping {
  /** A sweep that is under way is left to the next one: whoever stops takes the connection away from it. */
  close(): void;
}

export function startSweeping(sweeper: Sweeper, everyMs: number, log: Logger): Sweeping {
  const stopping = new AbortController();

  async function sweeps(): Promise<void> {
    while (!stopping.signal.aborted) {
      // At first a while after the start: everybody has other things to do then.
      await delay(everyMs, undefined, { signal: stopping.signal }).catch(() => undefined);
      if (stopping.signal.aborted) return;
      await sweep();
    }
  }

  async function sweep(): Promise<void> {
    try {
      const swept = await sweeper.sweep();
      if (swept === null || Object.values(swept).every((count) => count === 0)) return;
      const { orphanedJobs: orphaned_jobs, finishedJobs: finished_jobs, listEntries: list_entries, counters, definitions } = swept;
      log.info({ event: 'swept', orphaned_jobs, finished_jobs, list_entries, counters, definitions });
    } catch (err) {
      if (!stopping.signal.aborted) log.warn({ event: 'sweep_failed', err });
    }
  }

  void sweeps();
  return { close: () => stopping.abort() };
}
