/** What a commit writes, as commands on keys. Pure: all of it goes into one run of commit.lua. Its size goes with the patch. */
import type { Commit, Schema } from '@baton/core';
import { agendaWrites } from './agenda-writes.ts';
import { childReplyWrites } from './child-reply.ts';
import { conversationWrites } from './conversation.ts';
import { eventWrites } from './event-log.ts';
import { type Word, type Write, write } from './guarded-write.ts';
import { definitionWrites, lifetimeWrites } from './lifetime.ts';
import type { Outgoing } from './outgoing.ts';
import type { StoreKeys } from './store-keys.ts';
import type { TextOf } from './stored-payloads.ts';
import { indexWrites } from './workflow-index.ts';
import { recordWrites } from './workflow-record.ts';

export interface Given extends Pick<Outgoing, 'textOf' | 'textOfReply'> {
  /** Of the log, once this commit's events are in it. */
  readonly eventHash: string;
  /** The definition is stored, and will be for long enough. */
  readonly isDefinitionStored: boolean;
  readonly schema: Schema;
}

export function commitWrites(keys: StoreKeys, commit: Commit, { textOf, textOfReply, eventHash, isDefinitionStored, schema }: Given): readonly Write[] {
  return [
    ...recordWrites(keys, commit, schema, textOf),
    ...contextWrites(keys, commit, textOf),
    ...controlWrites(keys, commit),
    ...(isDefinitionStored ? [] : definitionWrites(keys, commit)),
    ...agendaWrites(keys, commit),
    ...indexWrites(keys, commit),
    ...eventWrites(keys.events(commit.workflow.header.id), commit.patch.events, { hash: eventHash, version: schema.version }),
    ...childReplyWrites(keys, commit, schema, textOfReply),
    ...conversationWrites(keys, commit),
    ...lifetimeWrites(keys, commit),
  ];
}

function contextWrites(keys: StoreKeys, { workflow, patch }: Commit, textOf: TextOf): readonly Write[] {
  const fields = patch.context.flatMap(([path, entry]) => [path, textOf(entry)]);
  return write('HSET', keys.context(workflow.header.id), fields);
}

function controlWrites(keys: StoreKeys, { workflow, patch }: Commit): readonly Write[] {
  const key = keys.control(workflow.header.id);
  const set: Word[] = [];
  const removed: Word[] = [];
  for (const { key: field, flag } of patch.control) {
    if (flag === null) removed.push(field);
    else set.push(field, flag);
  }
  // Flags outlive the purge of their workflow: they must not meet another one that has its id.
  const earlier = workflow.revision === 0 ? [{ command: 'UNLINK', key, words: [] }] : [];
  return [...earlier, ...write('HDEL', key, removed), ...write('HSET', key, set)];
}
