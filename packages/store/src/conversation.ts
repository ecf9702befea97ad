/**
 * What the workflows of a conversation that share their context left there when they were completed. **Invariant:** it is written in the commit
 * of the end and read as a whole; nothing reads the context of another workflow.
 */
import { type Commit, type ContextEntry, compareOrder, type Json, viewOf, type WorkflowStore } from '@baton/core';
import { type Write, write } from './guarded-write.ts';
import type { Redis } from './redis.ts';
import { answers } from './redis-connection.ts';
import type { StoreKeys } from './store-keys.ts';
import { parse } from './stored-json.ts';

/** What stands at a path, the workflow that left it and when. */
interface Left {
  readonly value: Json;
  readonly at: number;
  readonly by: string;
}

const keepMs = 30 * 24 * 60 * 60_000;

export function conversationWrites(keys: StoreKeys, { workflow, patch }: Commit): readonly Write[] {
  const { header, type } = workflow;
  if (header.conversationId === undefined || type.definition.conversation !== 'shared' || patch.state?.status !== 'completed') return [];
  const { endedAt } = patch.state;
  const entries = visible(new Map([...workflow.context, ...patch.context]));
  if (entries.length === 0) return [];
  const fields = entries.flatMap(([path, { value }]) => [path, JSON.stringify({ value, at: endedAt, by: header.id } satisfies Left)]);
  const key = keys.conversation(header.conversationId);
  return [...write('HSET', key, fields), ...write('PEXPIRE', key, [keepMs])];
}

/** Without what a later writer's value for a path above lies over: among the entries of other workflows its order would be lost. */
function visible(entries: ReadonlyMap<string, ContextEntry>): readonly (readonly [string, ContextEntry])[] {
  return [...entries].filter(([path, { order }]) => {
    const parts = path.split('.');
    const above = parts.slice(1).flatMap((_, index) => entries.get(parts.slice(0, index + 1).join('.')) ?? []);
    return above.every((entry) => compareOrder(entry.order, order) <= 0);
  });
}

/** @param shards a conversation's workflows may be in any: each leaves in its own what it leaves */
export function createConversations(redis: Redis, shards: readonly StoreKeys[]): Pick<WorkflowStore, 'conversation'> {
  return {
    async conversation(conversationId) {
      const hashes = await answers(shards.map((keys) => redis.hgetall(keys.conversation(conversationId))));
      const left = hashes.flatMap((hash) => Object.entries(hash).map(([path, text]) => [path, parse(text) as Left] as const));
      // A path that was left in several shards counts as it was left last.
      return viewOf(new Map(left.toSorted(byTime).map(([path, { value, by }], index) => [path, { value, by, order: [index] }])));
    },
  };
}

/** Of one workflow the path above comes first. */
function byTime([path, one]: readonly [string, Left], [otherPath, other]: readonly [string, Left]): number {
  return one.at - other.at || compareText(one.by, other.by) || compareText(path, otherPath);
}

function compareText(one: string, other: string): number {
  if (one === other) return 0;
  return one < other ? -1 : 1;
}
