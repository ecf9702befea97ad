/**
 * The port `WorkflowStore` in memory. Everything is kept as JSON text, so that nobody shares an object with it; lists and counts are
 * worked out from the workflows when asked for, which makes it a check on the indexes that the store on Redis keeps.
 */
import { createHash } from 'node:crypto';
import {
  type Commit,
  type CommitOutcome,
  type EventEntry,
  hasEnded,
  type OutboxEntry,
  partitionOf,
  restoreWorkflow,
  type Subtask,
  type WorkflowHeader,
  type WorkflowState,
  type WorkflowStore,
  type WorkflowType,
} from '@baton/core';
import { createMemoryTypes } from './memory-types.ts';

interface Row {
  readonly type: WorkflowType;
  readonly header: string;
  readonly subtasks: Map<string, string>;
  readonly events: { readonly id: string; readonly text: string; readonly hash: string }[];
  revision: number;
  eventHash: string;
  state: string;
}

/** Member to time, of one partition. */
type Times = Map<string, number>;

export function createMemoryStore(): WorkflowStore {
  const rows = new Map<string, Row>();
  const deadlines = new Map<number, Times>();
  const outbox = new Map<number, Times>();
  let entries = 0;

  function write({ workflow, patch, dispatches }: Commit): CommitOutcome {
    const { id } = workflow.header;
    if ((rows.get(id)?.revision ?? 0) !== workflow.revision) return { status: 'conflict' };
    const row = rows.get(id) ?? newRow(workflow);
    rows.set(id, row);
    row.revision += 1;
    if (patch.state !== undefined) row.state = JSON.stringify(patch.state);
    const waiting = timesOf(outbox, workflow.partition);
    for (const [subtaskId, after] of patch.subtasks) {
      const before = workflow.subtasks.get(subtaskId);
      const isSameDispatch = after.status === 'assigned' && after.generation === before?.generation;
      if (before?.status === 'assigned' && !isSameDispatch) waiting.delete(`${id}/${subtaskId}/${before.generation}`);
      row.subtasks.set(subtaskId, JSON.stringify(after));
    }
    for (const dispatch of dispatches) waiting.set(outboxMember(dispatch), dispatch.issuedAt);
    writeDeadlines(timesOf(deadlines, workflow.partition), { workflow, patch, dispatches });
    if (patch.events.length > 0) {
      const text = JSON.stringify(patch.events);
      entries += 1;
      row.eventHash = createHash('sha256').update(row.eventHash).update(text).digest('hex');
      row.events.push({ id: `${entries}-0`, text, hash: row.eventHash });
    }
    return { status: 'committed', revision: row.revision, eventHash: row.eventHash };
  }

  return {
    ...createMemoryTypes(),
    async load(workflowId) {
      const row = rows.get(workflowId);
      if (row === undefined) return null;
      const { revision, eventHash } = row;
      const subtasks = new Map([...row.subtasks].map(([id, text]) => [id, JSON.parse(text) as Subtask]));
      return restoreWorkflow(headerOf(row), row.type, { revision, eventHash, state: stateOf(row), subtasks });
    },
    async summary(workflowId) {
      const row = rows.get(workflowId);
      return row === undefined ? null : { header: headerOf(row), state: stateOf(row) };
    },
    async commit(commits) {
      return commits.map(write);
    },
    async list({ status, type, limit, cursor }) {
      const before = cursor === undefined ? null : placeOf(cursor);
      const found = [...rows.values()]
        .map((row) => ({ header: headerOf(row), state: stateOf(row) }))
        .filter(({ header, state }) => (type ?? header.type) === header.type && (status ?? state.status) === state.status)
        .toSorted((one, other) => (place(one.header) < place(other.header) ? 1 : -1))
        .filter(({ header }) => before === null || place(header) < before);
      const workflows = found.slice(0, limit);
      const last = workflows.at(-1);
      return { workflows, ...(found.length > limit && last !== undefined && { cursor: place(last.header) }) };
    },
    async dueDeadlines(partition, now, limit) {
      const due = earliest(timesOf(deadlines, partition), (at) => at <= now, limit);
      return due.map(([member, at]) => {
        const [workflowId = '', subtaskId = ''] = member.split('/');
        return { workflowId, subtaskId: subtaskId === '' ? null : subtaskId, at };
      });
    },
    async dropDeadline(partition, { workflowId, subtaskId }) {
      if (!rows.has(workflowId)) timesOf(deadlines, partition).delete(`${workflowId}/${subtaskId ?? ''}`);
    },
    async staleOutbox(partition, before, limit) {
      return earliest(timesOf(outbox, partition), (at) => at < before, limit).map(([member]) => {
        const [workflowId = '', subtaskId = '', generation = ''] = member.split('/');
        return { workflowId, subtaskId, generation: Number(generation) };
      });
    },
    async clearOutbox(partition, cleared) {
      for (const entry of cleared) timesOf(outbox, partition).delete(outboxMember(entry));
    },
    async purge(workflowId) {
      const row = rows.get(workflowId);
      if (row === undefined || !hasEnded(stateOf(row))) return;
      rows.delete(workflowId);
      timesOf(deadlines, partitionOf(workflowId)).delete(`${workflowId}/`);
    },
    async events(workflowId, after, limit) {
      if (after !== null && !/^\d{1,19}-\d{1,19}$/.test(after)) throw badCursor(`"${after}" is not the id of an event.`);
      const all = rows.get(workflowId)?.events ?? [];
      const from = after === null ? 0 : all.findLastIndex(({ id }) => entryNumber(id) <= entryNumber(after)) + 1;
      return all.slice(from, from + limit).map(({ id, text, hash }): EventEntry => ({ id, hash, events: JSON.parse(text) as EventEntry['events'] }));
    },
    async activeCounts() {
      const active = [...rows.values()].filter((row) => !hasEnded(stateOf(row))).map((row) => headerOf(row).type);
      return new Map([...Map.groupBy(active, (type) => type)].map(([type, each]) => [type, each.length]));
    },
  };
}

function newRow({ header, type, state }: Commit['workflow']): Row {
  return { type, header: JSON.stringify(header), subtasks: new Map(), events: [], revision: 0, eventHash: '', state: JSON.stringify(state) };
}

function writeDeadlines(times: Times, { workflow, patch }: Commit): void {
  for (const { subtaskId, at } of patch.deadlines) {
    const member = `${workflow.header.id}/${subtaskId ?? ''}`;
    if (at === null) times.delete(member);
    else times.set(member, at);
  }
  // What is left to do for a workflow that has ended is to purge it.
  if (patch.state !== undefined && 'endedAt' in patch.state) {
    times.set(`${workflow.header.id}/`, patch.state.endedAt + workflow.type.definition.retention_ms);
  }
}

function timesOf(partitions: Map<number, Times>, partition: number): Times {
  const times = partitions.get(partition) ?? new Map<string, number>();
  partitions.set(partition, times);
  return times;
}

function earliest(times: Times, isWanted: (at: number) => boolean, limit: number): readonly (readonly [string, number])[] {
  const wanted = [...times].filter(([, at]) => isWanted(at));
  return wanted.toSorted(([one, first], [other, second]) => first - second || (one < other ? -1 : 1)).slice(0, limit);
}

function outboxMember({ workflowId, subtaskId, generation }: OutboxEntry): string {
  return `${workflowId}/${subtaskId}/${generation}`;
}

/** Where a workflow stands among all, by time and then id; as a cursor, too. */
function place({ createdAt, id }: WorkflowHeader): string {
  return `${String(createdAt).padStart(15, '0')}/${id}`;
}

function placeOf(cursor: string): string {
  if (!/^\d{15}\//.test(cursor)) throw badCursor(`The cursor "${cursor}" is not one that a page of the list gave.`);
  return cursor;
}

function badCursor(message: string): Error {
  return Object.assign(new Error(message), { code: 'BAD_CURSOR' });
}

function entryNumber(id: string): number {
  return Number.parseInt(id, 10);
}

function headerOf(row: Row): WorkflowHeader {
  return JSON.parse(row.header) as WorkflowHeader;
}

function stateOf(row: Row): WorkflowState {
  return JSON.parse(row.state) as WorkflowState;
}
