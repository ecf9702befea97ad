/** The event log of a workflow: a stream with one entry per commit, each chained to the one before by its hash. */
import type { EventEntry, RecordedEvent, WorkflowStore } from '@baton/core';
import type { Redis } from 'ioredis';
import { type Write, write } from './guarded-write.ts';
import { answer } from './redis-connection.ts';
import { StoreError } from './store-error.ts';
import type { StoreKeys } from './store-keys.ts';
import { parse } from './workflow-record.ts';

/** What Redis gives its entries: a time and a counter, each below 2^64. */
const entryId = /^\d{1,19}-\d{1,19}$/;

export function eventWrites(key: string, events: readonly RecordedEvent[], hash: string): readonly Write[] {
  return events.length === 0 ? [] : write('XADD', key, ['*', 'events', JSON.stringify(events), 'hash', hash]);
}

export function createEventLog(redis: Redis, keys: StoreKeys): Pick<WorkflowStore, 'events'> {
  return {
    async events(workflowId, after, limit) {
      if (after !== null && !entryId.test(after)) throw new StoreError('BAD_CURSOR', `"${after}" is not the id of an event: take it from the event before.`);
      const from = after === null ? '-' : `(${after}`;
      const entries = await answer(redis.xrange(keys.events(workflowId), from, '+', 'COUNT', limit));
      return entries.map(([id, fields]) => eventEntry(id, fields));
    },
  };
}

function eventEntry(id: string, [, events = '[]', , hash = '']: readonly string[]): EventEntry {
  return { id, events: parse(events) as readonly RecordedEvent[], hash };
}
