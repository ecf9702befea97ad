/**
 * The event log of a workflow: a list with one entry per commit, each chained to the one before by its hash. An entry's id is its place in the list,
 * from 1. Deliberately no stream, of which Redis sets 4 KB aside for each workflow; nobody blocks on it: who follows a workflow reads on from time to time.
 */
import type { RecordedEvent, Schema, WorkflowStore } from '@baton/core';
import { entryOf, entryText } from './event-entry.ts';
import { type Write, write } from './guarded-write.ts';
import type { Redis } from './redis.ts';
import { answer } from './redis-connection.ts';
import { StoreError } from './store-error.ts';
import type { StoreKeys } from './store-keys.ts';

/** A number that is exact in JavaScript. */
const entryId = /^[1-9]\d{0,14}$/;

export function eventWrites(
  key: string,
  events: readonly RecordedEvent[],
  { hash, version }: { readonly hash: string; readonly version: number },
): readonly Write[] {
  return events.length === 0 ? [] : write('RPUSH', key, [entryText(events, hash, version)]);
}

export function createEventLog(redis: Redis, keys: StoreKeys, schema: Schema): Pick<WorkflowStore, 'events'> {
  return {
    async events(workflowId, after, limit) {
      if (after !== null && !entryId.test(after)) throw new StoreError('BAD_CURSOR', `"${after}" is not the id of an event: take it from the event before.`);
      // The place of the first one wanted, from 0, is the id of the one before.
      const from = Number(after ?? 0);
      const entries = await answer(redis.lrange(keys.events(workflowId), from, from + limit - 1));
      return entries.map((text, index) => entryOf(String(from + index + 1), text, schema));
    },
  };
}
