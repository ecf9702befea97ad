/**
 * One entry of an event log, as text: `["<hash>",1795178916849,["completed","s0",0,"data.fetch","data-agent-01",1,19],["workflow_completed",19]]`. A number
 * is the time of what follows it; an event is its type, which is a subtask's if it does not say of what, and then its members, each at its place, for
 * their names would be most of the log.
 */
import { currentSchema, type EventEntry, type Json, NewerSchemaError, type RecordedEvent, upgraded } from '@baton/core';
import { parse } from './stored-json.ts';

type Type = RecordedEvent['type'];
/** Of a union over which it distributes. */
type MemberOf<Name extends Type, Event = RecordedEvent> = Event extends { readonly type: Type }
  ? Name extends Event['type']
    ? Exclude<keyof Event, 'type' | 'at'>
    : never
  : never;
type Row = readonly [shortType: string, ...members: Json[]];

const ofSubtask = 'subtask_';
const ofDispatch = { subtaskId: 1, generation: 2, capability: 3 } as const;
const ofAttempt = { ...ofDispatch, agent: 4, attempt: 5, durationMs: 6 } as const;

/**
 * **Invariant:** what is stored is read by these places, so none of them ever changes; what is new comes last. They stand in the order in which core
 * gives an event its members, since the hash is over that, and one that may be absent is the last of its event.
 */
const places: { readonly [Name in Type]: Readonly<Record<MemberOf<Name>, number>> } = {
  workflow_started: { caller: 1 },
  subtask_assigned: { ...ofDispatch, cause: 4 },
  subtask_completed: ofAttempt,
  subtask_failed: { ...ofAttempt, error: 7, tolerated: 8 },
  subtask_setback: { ...ofDispatch, next: 4, error: 5 },
  subtask_skipped: { subtaskId: 1, reason: 2 },
  subtask_cancelled: { subtaskId: 1 },
  subtask_waiting: { subtaskId: 1, for: 2, until: 3 },
  approval_answered: { subtaskId: 1, by: 2, decision: 3 },
  signal_received: { signal: 1, by: 2 },
  context_updated: { subtaskId: 1, paths: 2, refused: 3 },
  workflow_paused: { by: 1 },
  workflow_resumed: { by: 1 },
  workflow_retried: { by: 1, from: 2 },
  workflow_completed: { durationMs: 1, partialFailures: 2 },
  workflow_cancelled: { durationMs: 1, by: 2, graceMs: 3 },
  workflow_failed: { durationMs: 1, error: 2 },
  workflow_timed_out: { durationMs: 1, error: 2 },
};

/** @param version of the schema: from 2 on it is the first word */
export function entryText(events: readonly RecordedEvent[], hash: string, version = 1): string {
  const words: (string | number | Row)[] = version === 1 ? [hash] : [version, hash];
  let at: number | null = null;
  for (const event of events) {
    if (event.at !== at) words.push(event.at);
    at = event.at;
    words.push(rowOf(event));
  }
  return JSON.stringify(words);
}

function rowOf(event: RecordedEvent): Row {
  const { type } = event;
  const row: [string, ...Json[]] = [type.startsWith(ofSubtask) ? type.slice(ofSubtask.length) : type];
  for (const [member, place] of Object.entries(places[type])) {
    const value = (event as unknown as Readonly<Record<string, Json | undefined>>)[member];
    if (value !== undefined) row[place] = value;
  }
  return row;
}

/** @throws {NewerSchemaError} */
export function entryOf(id: string, text: string, schema = currentSchema): EventEntry {
  const stored = parse(text) as readonly (string | number | Row)[];
  const [version, unversioned] = typeof stored[0] === 'number' ? [stored[0], stored.slice(1)] : [1, stored];
  if (version > schema.version) throw new NewerSchemaError('An event', version, schema.version);
  const [hash, ...words] = upgraded(schema, 'event', version, unversioned) as readonly [hash: string, ...(number | Row)[]];
  const events: RecordedEvent[] = [];
  let at = 0;
  for (const word of words) {
    if (typeof word === 'number') at = word;
    else events.push(eventOf(word, at));
  }
  return { id, events, hash };
}

/** The hash of the log that ends with this entry; null: of one without entries. */
export function hashOf(lastText: string | null, schema = currentSchema): string {
  return lastText === null ? '' : entryOf('', lastText, schema).hash;
}

function eventOf(row: Row, at: number): RecordedEvent {
  const [short] = row;
  const type = (Object.hasOwn(places, short) ? short : `${ofSubtask}${short}`) as Type;
  const members = Object.entries(places[type]).filter(([, place]) => place < row.length);
  return { type, at, ...Object.fromEntries(members.map(([member, place]) => [member, row[place]])) } as RecordedEvent;
}
