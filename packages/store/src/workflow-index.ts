/**
 * The lists of workflows, by status and by type and status; those of every status together are all. Members are `<createdAt>/<id>`, all at score 0, so
 * that a sorted set orders them by time, then id: a cursor is a place in that order, and stays right whatever is added or removed around it.
 * Deliberately absent: lists of all workflows and of all of a type. Each would hold every member once more, and a read can put the statuses together.
 */
import { type Commit, hasEnded, type ListQuery, type WorkflowHeader, type WorkflowStatus, workflowStatuses } from '@baton/core';
import { type Ceiling, type Write, write } from './guarded-write.ts';
import { StoreError } from './store-error.ts';
import type { StoreKeys } from './store-keys.ts';

const timeDigits = 15;
const memberPattern = /^\d{15}\/[A-Za-z0-9_.-]{1,128}$/;

/** Where a workflow stands as long as it has this status. */
export function indexesOf(keys: StoreKeys, { type }: WorkflowHeader, status: WorkflowStatus): readonly string[] {
  return [keys.index('status', status), keys.index('type', type, status)];
}

/** Moves a workflow whose status changes, and counts those of its type that have not ended. */
export function indexWrites(keys: StoreKeys, { workflow, patch }: Commit): readonly Write[] {
  const { header } = workflow;
  const member = indexMember(header);
  const before = workflow.revision === 0 ? undefined : workflow.state;
  const after = patch.state ?? workflow.state;
  if (before?.status === after.status) return [];

  const wasActive = before !== undefined && !hasEnded(before);
  const change = Number(!hasEnded(after)) - Number(wasActive);
  const left = before === undefined ? [] : indexesOf(keys, header, before.status);
  return [
    ...left.flatMap((key) => write('ZREM', key, [member])),
    ...indexesOf(keys, header, after.status).flatMap((key) => write('ZADD', key, [0, member])),
    ...(change === 0 ? [] : write('HINCRBY', keys.active, [header.type, change])),
  ];
}

/** What bounds the count that `indexWrites` raises; only for a workflow that is to be created, which raises it. */
export function activeCeiling(keys: StoreKeys, { workflow, activeMax }: Commit): Ceiling | undefined {
  return activeMax === undefined || workflow.revision > 0 ? undefined : { key: keys.active, field: workflow.header.type, max: activeMax };
}

/** Which of them a list is read from. */
export function indexesFor(keys: StoreKeys, { type, status }: Pick<ListQuery, 'type' | 'status'>): readonly string[] {
  const statuses = status === undefined ? workflowStatuses : [status];
  return statuses.map((each) => (type === undefined ? keys.index('status', each) : keys.index('type', type, each)));
}

export function indexMember({ id, createdAt }: Pick<WorkflowHeader, 'id' | 'createdAt'>): string {
  return `${String(createdAt).padStart(timeDigits, '0')}/${id}`;
}

export function workflowIdOf(indexed: string): string {
  return indexed.slice(timeDigits + 1);
}

export function createdAtOf(indexed: string): number {
  return Number(indexed.slice(0, timeDigits));
}

export function cursorAt(indexed: string): string {
  return Buffer.from(indexed).toString('base64url');
}

/** @throws {StoreError} BAD_CURSOR */
export function placeOf(cursor: string): string {
  const place = Buffer.from(cursor, 'base64url').toString();
  if (!memberPattern.test(place))
    throw new StoreError('BAD_CURSOR', `The cursor "${cursor}" is not one that a page of the list gave: take it from there, or start without one.`);
  return place;
}
