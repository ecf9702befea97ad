/** The chain through a workflow's event log: each entry's hash covers the one before, so that nothing can be changed or taken out unseen. */
import { createHash } from 'node:crypto';
import type { RecordedEvent } from './workflow.ts';

/** The hash of the log once these events are in it; no events, no entry, no change. */
export function nextEventHash(before: string, events: readonly RecordedEvent[]): string {
  if (events.length === 0) return before;
  return createHash('sha256').update(before).update(JSON.stringify(events)).digest('base64url');
}
