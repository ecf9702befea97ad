/**
 * The port `WorkflowStore` in memory. Everything is kept as JSON text, so that nobody shares an object with it; lists and counts are
 * worked out from the workflows when asked for, which makes it a check on the indexes that the store on Redis keeps.
 */
import { randomBytes } from 'node:crypto';
import {
  type Commit,
  type CommitOutcome,
  type ContextEntry,
  childCapability,
  type EventEntry,
  hasEnded,
  type InboxItem,
  nextEventHash,
  partitionOf,
  restoreWorkflow,
  type Subtask,
  type WorkflowHeader,
  type WorkflowState,
  type WorkflowStore,
  type WorkflowType,
} from '@baton/core';
import { createMemoryAgenda } from './memory-agenda.ts';
import { childReply, createMemoryConversations } from './memory-ending.ts';
import { createMemoryTypes } from './memory-types.ts';

export interface MemoryStoreOptions {
  /** Takes what child workflows came to, as `MemoryQueue.append` does; without it nobody is told. */
  readonly append?: (capability: string, partition: number, raw: string) => void;
}

export interface MemoryStore extends WorkflowStore {
  /** The flags of the workflow, as agents read them. */
  control(workflowId: string): ReadonlyMap<string, string>;
}

interface Row {
  readonly type: WorkflowType;
  readonly header: string;
  readonly subtasks: Map<string, string>;
  readonly context: Map<string, string>;
  readonly inbox: Map<string, string>;
  readonly events: { readonly text: string; readonly hash: string }[];
  revision: number;
  eventHash: string;
  state: string;
}

export function createMemoryStore({ append }: MemoryStoreOptions = {}): MemoryStore {
  const rows = new Map<string, Row>();
  const flags = new Map<string, Map<string, string>>();
  const agenda = createMemoryAgenda();
  const conversations = createMemoryConversations();
  const secret = randomBytes(32).toString('hex');

  function write(commit: Commit): CommitOutcome {
    const { workflow, patch } = commit;
    const { id } = workflow.header;
    if ((rows.get(id)?.revision ?? 0) !== workflow.revision) return { status: 'conflict' };
    if (isFull(commit)) return { status: 'full' };
    if (workflow.revision === 0) flags.delete(id);
    const row = rows.get(id) ?? newRow(workflow);
    rows.set(id, row);
    row.revision += 1;
    if (patch.state !== undefined) row.state = JSON.stringify(patch.state);
    for (const [subtaskId, after] of patch.subtasks) row.subtasks.set(subtaskId, JSON.stringify(after));
    for (const [path, entry] of patch.context) row.context.set(path, JSON.stringify(entry));
    for (const [itemId, item] of patch.inbox) setOrDelete(row.inbox, itemId, item === null ? null : JSON.stringify(item));
    flags.set(id, flags.get(id) ?? new Map());
    for (const { key, flag } of patch.control) setOrDelete(flags.get(id) as Map<string, string>, key, flag);
    if (patch.events.length > 0) {
      row.eventHash = nextEventHash(row.eventHash, patch.events);
      row.events.push({ text: JSON.stringify(patch.events), hash: row.eventHash });
    }
    agenda.write(commit);
    conversations.write(commit);
    const reply = childReply(commit);
    if (reply !== null) append?.(childCapability, reply.partition, reply.raw);
    return { status: 'committed', revision: row.revision, eventHash: row.eventHash };
  }

  function activeCounts(): ReadonlyMap<string, number> {
    const active = [...rows.values()].filter((row) => !hasEnded(stateOf(row))).map((row) => headerOf(row).type);
    return new Map([...Map.groupBy(active, (type) => type)].map(([type, each]) => [type, each.length]));
  }

  /** One that ends as soon as it begins takes nobody's place. */
  function isFull({ workflow, patch, activeMax }: Commit): boolean {
    if (activeMax === undefined || workflow.revision > 0 || hasEnded(patch.state ?? workflow.state)) return false;
    return (activeCounts().get(workflow.header.type) ?? 0) >= activeMax;
  }

  return {
    ...createMemoryTypes(),
    partitionsDue: agenda.partitionsDue,
    dueDeadlines: agenda.dueDeadlines,
    postpone: agenda.postpone,
    staleOutbox: agenda.staleOutbox,
    clearOutbox: agenda.clearOutbox,
    conversation: conversations.conversation,
    control: (workflowId) => flags.get(workflowId) ?? new Map(),
    async secret() {
      return secret;
    },
    async load(workflowId) {
      const row = rows.get(workflowId);
      if (row === undefined) return null;
      const { revision, eventHash } = row;
      const parts = { subtasks: parsed<Subtask>(row.subtasks), context: parsed<ContextEntry>(row.context), inbox: parsed<InboxItem>(row.inbox) };
      return restoreWorkflow(headerOf(row), row.type, { revision, eventHash, state: stateOf(row), ...parts });
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
    async dropDeadline(partition, { workflowId, subtaskId }) {
      if (!rows.has(workflowId)) agenda.forget(partition, workflowId, subtaskId);
    },
    async purge(workflowId) {
      const row = rows.get(workflowId);
      if (row === undefined || !hasEnded(stateOf(row))) return;
      rows.delete(workflowId);
      agenda.forget(partitionOf(workflowId), workflowId, null);
    },
    async events(workflowId, after, limit) {
      if (after !== null && !/^[1-9]\d{0,14}$/.test(after)) throw badCursor(`"${after}" is not the id of an event.`);
      const from = Number(after ?? 0);
      const entries = (rows.get(workflowId)?.events ?? []).slice(from, from + limit);
      return entries.map(({ text, hash }, index): EventEntry => ({ id: `${from + index + 1}`, hash, events: JSON.parse(text) as EventEntry['events'] }));
    },
    activeCounts: async () => activeCounts(),
  };
}

function newRow({ header, type, state }: Commit['workflow']): Row {
  const empty = { subtasks: new Map(), context: new Map(), inbox: new Map(), events: [] };
  return { type, header: JSON.stringify(header), ...empty, revision: 0, eventHash: '', state: JSON.stringify(state) };
}

function setOrDelete(map: Map<string, string>, key: string, value: string | null): void {
  if (value === null) map.delete(key);
  else map.set(key, value);
}

function parsed<Value>(texts: ReadonlyMap<string, string>): Map<string, Value> {
  return new Map([...texts].map(([id, text]) => [id, JSON.parse(text) as Value]));
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

function headerOf(row: Row): WorkflowHeader {
  return JSON.parse(row.header) as WorkflowHeader;
}

function stateOf(row: Row): WorkflowState {
  return JSON.parse(row.state) as WorkflowState;
}
