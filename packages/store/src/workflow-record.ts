/** A workflow's hash in Redis, written and read back. With the revision stands the schema's version, from 2 on: `17@2`. */
import {
  type Commit,
  type ContextEntry,
  type InboxItem,
  NewerSchemaError,
  type Schema,
  type Subtask,
  upgraded,
  type Workflow,
  type WorkflowHeader,
  type WorkflowState,
  type WorkflowSummary,
} from '@baton/core';
import { type Word, type Write, write } from './guarded-write.ts';
import type { StoreKeys } from './store-keys.ts';
import { parse } from './stored-json.ts';
import { inlineText, type TextOf } from './stored-payloads.ts';
import { subtaskOf, subtaskText } from './subtask-text.ts';

export interface WorkflowRecord extends Pick<Workflow, 'revision' | 'state' | 'subtasks' | 'inbox'> {
  readonly header: WorkflowHeader;
  /** Of a paused workflow, which may outlast the definition that others share with it. */
  readonly definition?: string;
}

export const subtaskField = 's:';
export const inboxField = 'i:';
/** There if anything of the workflow was ever out of line. */
export const outOfLineField = 'blobs';

export function recordWrites(keys: StoreKeys, { workflow, patch }: Commit, schema: Schema, textOf: TextOf): readonly Write[] {
  const { header, revision, type, state } = workflow;
  const fields: Word[] = ['revision', revisionText(schema, revision + 1)];
  const removed: string[] = [];
  if (revision === 0) fields.push('header', textOf(headerFields(header)));
  if (revision === 0 || patch.state !== undefined) fields.push('state', textOf(patch.state ?? state));
  for (const [id, subtask] of patch.subtasks) fields.push(`${subtaskField}${id}`, subtaskText(subtask, header.createdAt, textOf));
  for (const [id, item] of patch.inbox) {
    if (item === null) removed.push(`${inboxField}${id}`);
    else fields.push(`${inboxField}${id}`, textOf(item));
  }
  if (patch.state?.status === 'paused') fields.push('definition', JSON.stringify(type.definition));
  else if (patch.state !== undefined && state.status === 'paused') removed.push('definition');
  const key = keys.workflow(header.id);
  return [...write('HDEL', key, removed), ...write('HSET', key, fields)];
}

/** @param revision 0: of a workflow that does not exist, which is nobody's */
export function revisionText({ version }: Schema, revision: number): string {
  return version === 1 || revision === 0 ? String(revision) : `${revision}@${version}`;
}

/**
 * @returns null where there is no such workflow
 * @throws {NewerSchemaError}
 */
export function workflowRecord(id: string, stored: Hash, schema: Schema): WorkflowRecord | null {
  const hash = known(id, stored, schema);
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
    revision: Number.parseInt(revision, 10),
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
export const summaryFields = ['revision', 'header', 'state'] as const;

/**
 * @returns null where there is no such workflow
 * @throws {NewerSchemaError}
 */
export function workflowSummary(id: string, read: readonly (string | null | undefined)[], schema: Schema): WorkflowSummary | null {
  const stored = Object.fromEntries(summaryFields.map((field, at) => [field, read[at]]).filter(([, text]) => typeof text === 'string')) as Hash;
  const { header, state } = known(id, stored, schema);
  if (header === undefined || state === undefined) return null;
  return { header: headerOf(id, inlineText(header)), state: parse(inlineText(state)) as WorkflowState };
}

type Hash = Readonly<Record<string, string>>;

/** Those fields that were read, as this code has them. */
function known(id: string, stored: Hash, schema: Schema): Hash {
  assertKnown(id, stored['revision'] ?? null, schema);
  return upgraded(schema, 'workflow', versionOf(stored['revision'] ?? null), stored) as Hash;
}

/**
 * Before anything else of the record is looked at.
 *
 * @throws {NewerSchemaError}
 */
export function assertKnown(id: string, revision: string | null, schema: Schema): void {
  const version = versionOf(revision);
  if (version > schema.version) throw new NewerSchemaError(`The workflow "${id}"`, version, schema.version);
}

function versionOf(revision: string | null): number {
  return Number(revision?.split('@')[1] ?? 1);
}

/** The id is in the name of the key. */
function headerFields({ id: _, ...header }: WorkflowHeader): object {
  return header;
}

function headerOf(id: string, text: string): WorkflowHeader {
  const { params, ...header } = parse(text) as Omit<WorkflowHeader, 'id'>;
  // Where they are out of line there is null.
  return { id, ...header, params: params ?? {} };
}
