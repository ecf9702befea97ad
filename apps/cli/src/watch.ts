/** Looks at a workflow again and again until it ends. The API or Redis may go away for a while in between: the workflow does not mind. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type BatonClient, hasEnded, isPassing } from '@baton/client';
import type { WorkflowView } from '@baton/protocol';
import type { Screen } from './screen.ts';

const pollMs = 250;
/** So long the API or its Redis may be away while somebody watches. */
export const troubleMsMax = 120_000;

export interface WatchOptions {
  readonly client: Pick<BatonClient, 'get'>;
  readonly workflowId: string;
  readonly screen: Screen;
  /** Whether to show what maps, loops and plans consist of. */
  readonly parts: boolean;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
}

/** @returns the workflow at its end, or null when the signal came first */
export async function watch({ client, workflowId, screen, parts, signal }: WatchOptions): Promise<WorkflowView | null> {
  let last: WorkflowView | null = null;
  let troubleSince: number | null = null;
  while (!signal.aborted) {
    try {
      last = await client.get(workflowId, { parts });
      troubleSince = null;
      screen.show(last, null);
      if (hasEnded(last.status)) return last;
    } catch (error) {
      troubleSince ??= Date.now();
      if (last === null || !isPassing(error) || Date.now() - troubleSince > troubleMsMax) throw error;
      screen.show(last, `${error.message} Trying on; the workflow itself is safe.`);
    }
    await sleep(pollMs, undefined, { signal }).catch(() => undefined);
  }
  return null;
}
