/** A workflow's record with all that is out of line; and what is left of it where some of that is gone. */
import type { Payloads } from '@baton/blobs';
import type { FailedSubtask } from '@baton/core';
import { type Fields, wholeFields } from './stored-payloads.ts';
import { inboxField, subtaskField } from './workflow-record.ts';

export interface WholeRecord {
  readonly hash: Fields;
  readonly context: Fields;
  /** In words. */
  readonly lost: readonly string[];
}

export async function wholeRecord(payloads: Payloads, workflowId: string, hash: Fields, context: Fields): Promise<WholeRecord> {
  const [record, paths] = await Promise.all([wholeFields(payloads, workflowId, hash), wholeFields(payloads, workflowId, context)]);
  const lost = [...record.lost.map(wordsFor), ...paths.lost.map((path) => `the context's "${path}"`)];
  return { hash: withoutLost(record.fields, record.lost), context: withoutPaths(paths.fields, paths.lost), lost };
}

function wordsFor(field: string): string {
  if (field.startsWith(subtaskField)) return `what "${field.slice(subtaskField.length)}" came to`;
  if (field.startsWith(inboxField)) return `what came early as "${field.slice(inboxField.length)}"`;
  return field === 'header' ? 'the params' : 'the result';
}

function withoutPaths(context: Fields, lost: readonly string[]): Fields {
  return lost.length === 0 ? context : Object.fromEntries(Object.entries(context).filter(([path]) => !lost.includes(path)));
}

/**
 * The record without what is lost in it: a subtask has failed, everything else is not there. So what is left of the workflow can be worked with, to its end.
 *
 * @param hash plain JSON, with null in place of what is lost
 */
function withoutLost(hash: Fields, lost: readonly string[]): Fields {
  if (lost.length === 0) return hash;
  const left = new Map(Object.entries(hash));
  for (const name of lost) {
    if (name.startsWith(inboxField)) left.delete(name);
    if (name.startsWith(subtaskField)) left.set(name, JSON.stringify(lostSubtask));
  }
  return Object.fromEntries(left);
}

const lostSubtask: Omit<FailedSubtask, 'generation'> = {
  status: 'failed_permanent',
  assignedAt: null,
  settledAt: 0,
  error: { code: 'PAYLOAD_LOST', message: 'What this came to was kept out of line and is gone.' },
};
