/** A workflow's hash in Redis, read back. What it holds was written by commit-writes.ts, so it is parsed and not validated. */
import type { Subtask, Workflow, WorkflowHeader, WorkflowState, WorkflowSummary } from '@baton/core';
import { StoreError } from './store-error.ts';

export interface WorkflowRecord extends Pick<Workflow, 'revision' | 'eventHash' | 'state' | 'subtasks'> {
  readonly header: WorkflowHeader;
}

const subtaskField = 's:';

/** @returns null where there is no such workflow */
export function workflowRecord(hash: Readonly<Record<string, string>>): WorkflowRecord | null {
  const { revision, header, state, event_hash: eventHash = '' } = hash;
  if (revision === undefined || header === undefined || state === undefined) return null;
  const subtasks = new Map<string, Subtask>();
  for (const [field, text] of Object.entries(hash)) {
    if (field.startsWith(subtaskField)) subtasks.set(field.slice(subtaskField.length), parse(text) as Subtask);
  }
  return { revision: Number(revision), eventHash, header: parse(header) as WorkflowHeader, state: parse(state) as WorkflowState, subtasks };
}

/** What HMGET must get for a summary. */
export const summaryFields = ['header', 'state'] as const;

export function workflowSummary([header, state]: readonly (string | null | undefined)[]): WorkflowSummary | null {
  if (typeof header !== 'string' || typeof state !== 'string') return null;
  return { header: parse(header) as WorkflowHeader, state: parse(state) as WorkflowState };
}

export function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw new StoreError('CORRUPT', 'A stored value is not JSON: somebody else wrote under this prefix, or another version of Baton did.', { cause });
  }
}
