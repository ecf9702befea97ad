/** A workflow's hash in Redis, written and read back. */
import type { Commit, ContextEntry, InboxItem, Subtask, Workflow, WorkflowHeader, WorkflowState, WorkflowSummary } from '@baton/core';
import { type Word, type Write, write } from './guarded-write.ts';
import type { StoreKeys } from './store-keys.ts';
import { parse } from './stored-json.ts';
import { subtaskOf, subtaskText } from './subtask-text.ts';

export interface WorkflowRecord extends Pick<Workflow, 'revision' | 'state' | 'subtasks' | 'inbox'> {
  readonly header: WorkflowHeader;
  /** Of a paused workflow, which may outlast the definition that others share with it. */
  readonly definition?: string;
}

const subtaskField = 's:';
const inboxField = 'i:';

export function recordWrites(keys: StoreKeys, { workflow, patch }: Commit): readonly Write[] {
  const { header, revision, type, state } = workflow;
  const fields: Word[] = ['revision', revision + 1];
  const removed: string[] = [];
  if (revision === 0) fields.push('header', headerText(header));
  if (revision === 0 || patch.state !== undefined) fields.push('state', JSON.stringify(patch.state ?? state));
  for (const [id, subtask] of patch.subtasks) fields.push(`${subtaskField}${id}`, subtaskText(subtask, header.createdAt));
  for (const [id, item] of patch.inbox) {
    if (item === null) removed.push(`${inboxField}${id}`);
    else fields.push(`${inboxField}${id}`, JSON.stringify(item));
  }
  if (patch.state?.status === 'paused') fields.push('definition', JSON.stringify(type.definition));
  else if (patch.state !== undefined && state.status === 'paused') removed.push('definition');
  const key = keys.workflow(header.id);
  return [...write('HDEL', key, removed), ...write('HSET', key, fields)];
}

/** @returns null where there is no such workflow */
export function workflowRecord(id: string, hash: Readonly<Record<string, string>>): WorkflowRecord | null {
  const { revision, header: headerJson, state, definition } = hash;
  if (revision === undefined || headerJson === undefined || state === undefined) return null;
  const header = headerOf(id, headerJson);
  const subtasks = new Map<string, Subtask>();
  const inbox: InboxItem[] = [];
  for (const [field, text] of Object.entries(hash)) {
    if (field.startsWith(subtaskField)) subtasks.set(field.slice(subtaskField.length), subtaskOf(text, header.createdAt));
    else if (field.startsWith(inboxField)) inbox.push(parse(text) as InboxItem);
  }
  return {
    revision: Number(revision),
    header,
    state: parse(state) as WorkflowState,
    subtasks,
    inbox: new Map(inbox.toSorted(byArrival).map((item) => [item.id, item])),
    ...(definition !== undefined && { definition }),
  };
}

export function contextOf(hash: Readonly<Record<string, string>>): Map<string, ContextEntry> {
  return new Map(Object.entries(hash).map(([path, text]) => [path, parse(text) as ContextEntry]));
}

/** A hash has no order, and of two early signals the first is the first to be used. */
function byArrival(one: InboxItem, other: InboxItem): number {
  return arrivedAt(one) - arrivedAt(other) || (one.id < other.id ? -1 : 1);
}

function arrivedAt(item: InboxItem): number {
  return item.kind === 'signal' ? item.at : item.answer.at;
}

/** What HMGET must get for a summary. */
export const summaryFields = ['header', 'state'] as const;

export function workflowSummary(id: string, [header, state]: readonly (string | null | undefined)[]): WorkflowSummary | null {
  if (typeof header !== 'string' || typeof state !== 'string') return null;
  return { header: headerOf(id, header), state: parse(state) as WorkflowState };
}

/** The id is in the name of the key. */
function headerText({ id: _, ...header }: WorkflowHeader): string {
  return JSON.stringify(header);
}

function headerOf(id: string, text: string): WorkflowHeader {
  return { id, ...(parse(text) as Omit<WorkflowHeader, 'id'>) };
}
