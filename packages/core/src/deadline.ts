/** When a subtask is to be looked at again. One moment for all that may be due, so a dispatch costs one write and a settle another. */
import type { Node } from './definition.ts';

/** Nobody has replied for this long: ask the queue. */
export const reconcileAfterMs = 60_000;

/** An assignment may be taken up for so long after it was issued. */
export function ttlMs(node: Node): number {
  return Math.min('ttl_ms' in node && node.ttl_ms !== undefined ? node.ttl_ms : node.timeout_ms, node.timeout_ms);
}

/** The next moment at which something may be due: the end of the time to live or of the subtask, or to ask the queue. */
export function nextCheckAt(node: Node, times: { readonly assignedAt: number; readonly issuedAt: number }, now: number): number {
  const moments = [times.issuedAt + ttlMs(node), times.assignedAt + node.timeout_ms, now + reconcileAfterMs];
  return Math.min(...moments.filter((at) => at > now));
}
