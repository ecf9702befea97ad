/**
 * How a producer of Baton learns that a workflow has ended where no log tells it for certain: an orchestrator may be killed after the commit and
 * before its line. The store is asked again and again about all that are waited for.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { hasEnded, type WorkflowStore } from '@baton/core';
import type { WaitingList } from './producer.ts';

const pollMs = 100;

export function askForEndings(store: Pick<WorkflowStore, 'summary'>, waiting: WaitingList<string>): { readonly close: () => Promise<void> } {
  const closing = new AbortController();

  async function turns(): Promise<void> {
    while (!closing.signal.aborted) {
      const found = await Promise.all(waiting.names().map(async (id) => ({ id, state: (await store.summary(id))?.state })));
      for (const { id, state } of found) if (state !== undefined && hasEnded(state)) waiting.tell(id, state.status);
      await delay(pollMs, undefined, { signal: closing.signal }).catch(() => {});
    }
  }

  const asking = turns();
  return {
    async close() {
      closing.abort();
      await asking;
    },
  };
}
