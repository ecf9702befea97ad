/**
 * What the workflows of a conversation that share their context left there when they were completed. **Invariant:** it is written in the commit
 * of the end and read as a whole; nothing reads the context of another workflow. **Invariant:** it has a bound: each workflow of it reads it at
 * its start, and who reads it takes away what it has no room for.
 */
import { createHash } from 'node:crypto';
import { isLonger } from '@baton/blobs';
import { type Commit, type ContextEntry, compareOrder, conversationSurplus, type Json, limits, viewOf, type WorkflowStore } from '@baton/core';
import type { Redis } from 'ioredis';
import { type Write, write } from './guarded-write.ts';
import { answer } from './redis-connection.ts';
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
  const texts = entries.map(([path, { value }]) => [path, JSON.stringify({ value, at: endedAt, by: header.id } satisfies Left)] as const);
  // It outlives the workflow, and so what that has out of line: a longer value is not left to it.
  const fields = texts.filter(([, text]) => !isLonger(text, limits.conversationBytesMax)).flat();
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

export function createConversations(redis: Redis, keys: StoreKeys): Pick<WorkflowStore, 'conversation'> {
  return {
    async conversation(conversationId) {
      const key = keys.conversation(conversationId);
      const hash = await answer(redis.hgetall(key));
      const left = Object.entries(hash).map(([path, text]) => [path, parse(text) as Left] as const);
      const sorted = left.toSorted(byTime);
      const surplus = new Set(conversationSurplus(sorted.toReversed().map(([path]) => [path, Buffer.byteLength(hash[path] as string)])));
      if (surplus.size > 0) await forget(key, [...surplus], hash);
      const kept = sorted.filter(([path]) => !surplus.has(path));
      return viewOf(new Map(kept.map(([path, { value, by }], index) => [path, { value, by, order: [index] }])));
    },
  };

  /** Only what still is what was read: another workflow may have left something there meanwhile. */
  async function forget(key: string, paths: readonly string[], hash: Readonly<Record<string, string>>): Promise<void> {
    const digests = paths.flatMap((path) => [
      path,
      createHash('sha1')
        .update(hash[path] as string)
        .digest('hex'),
    ]);
    await answer(redis.batonForget(key, ...digests));
  }
}

/** Of one workflow the path above comes first. */
function byTime([path, one]: readonly [string, Left], [otherPath, other]: readonly [string, Left]): number {
  return one.at - other.at || compareText(one.by, other.by) || compareText(path, otherPath);
}

function compareText(one: string, other: string): number {
  if (one === other) return 0;
  return one < other ? -1 : 1;
}
