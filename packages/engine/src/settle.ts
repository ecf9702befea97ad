/** Settling a batch of reports: each workflow decides once on all of its own. Reports arrive at least once; the second changes nothing. */
import type { Report, WorkflowEvent } from '@baton/core';
import type { Advance } from './advance.ts';

/**
 * When it returns, everything that the reports change is committed, and they may be deleted.
 *
 * @returns the workflows that only newer processes know: their reports are to be left to those
 */
export type Settle = (reports: readonly Report[]) => Promise<ReadonlySet<string>>;

export function createSettle(advance: Advance): Settle {
  return async (reports) => {
    // In the order in which they came, whatever their streams: in a tree, that of an input before that of what was made of it.
    const inOrder = reports.toSorted((one, other) => (one.at ?? 0) - (other.at ?? 0));
    const events = Map.groupBy(inOrder, ({ workflowId }) => workflowId);
    return await advance.known(new Map([...events].map(([id, own]) => [id, own.map((report): WorkflowEvent => ({ kind: 'settled', report }))])));
  };
}
