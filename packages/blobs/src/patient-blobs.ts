/**
 * A blob store that is asked again while it does not answer, for so long. For agents: a handler's work is not to be done again because the place for its
 * result was away for a moment. Engines ask again themselves, like with a Redis that is away.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { BlobStore } from '@baton/core';

export interface PatientOptions {
  /** Then the error is thrown. */
  readonly forMs: number;
  /** Told of each time that it did not answer. */
  readonly onError: (error: Error) => void;
}

const pauseMs = { first: 250, factor: 2, max: 5_000 } as const;

export function patientBlobs(store: BlobStore, { forMs, onError }: PatientOptions): BlobStore {
  async function patiently<Value>(act: () => Promise<Value>): Promise<Value> {
    const until = performance.now() + forMs;
    for (let waitMs: number = pauseMs.first; ; waitMs = Math.min(waitMs * pauseMs.factor, pauseMs.max)) {
      try {
        return await act();
      } catch (error) {
        if (performance.now() + waitMs > until) throw error;
        onError(error as Error);
        await delay(waitMs);
      }
    }
  }

  return {
    goesWithRecord: store.goesWithRecord,
    put: (workflowId, sha256, text) => patiently(() => store.put(workflowId, sha256, text)),
    get: (workflowId, sha256) => patiently(() => store.get(workflowId, sha256)),
    purge: (workflowId) => store.purge(workflowId),
  };
}
