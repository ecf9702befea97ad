/**
 * What the workflows of a conversation that share their context left there when they were completed. **Invariant:** it is written in the commit
 * of the end and read as a whole; nothing reads the context of another workflow. **Invariant:** it has a bound: each workflow of it reads it at
 * its start, and who reads it takes away what it has no room for.
 */
import { createHash } from 'node:crypto';
import { isLonger } from '@baton/blobs';
import { type Commit, type ContextEntry, compareOrder, conversationSurplus, type Json, limits, viewOf, type WorkflowStore } from '@baton/core';
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

/** As it stands in a shard. */
interface Kept extends Left {
  readonly shard: number;
  readonly path: string;
  readonly text: string;
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

/** @param shards a conversation's workflows may be in any: each leaves in its own what it leaves */
export function createConversations(redis: Redis, shards: readonly StoreKeys[]): Pick<WorkflowStore, 'conversation'> {
  return {
    async conversation(conversationId) {
      const hashes = await answers(shards.map((keys) => redis.hgetall(keys.conversation(conversationId))));
      const left = hashes.flatMap((hash, shard) => Object.entries(hash).map(([path, text]): Kept => ({ shard, path, text, ...(parse(text) as Left) })));
      const sorted = left.toSorted(byTime);
      // A path that was left in several shards counts as it was left last.
      const last = new Map(sorted.map((each) => [each.path, each]));
      const counted = sorted.filter((each) => last.get(each.path) === each);
      const surplus = new Set(conversationSurplus(counted.toReversed().map(({ path, text }) => [path, Buffer.byteLength(text)])));
      const kept = counted.filter(({ path }) => !surplus.has(path));
      if (kept.length < sorted.length) await forget(conversationId, new Set(sorted).difference(new Set(kept)));
      return viewOf(new Map(kept.map(({ path, value, by }, index) => [path, { value, by, order: [index] }])));
    },
  };

  /** Only what still is what was read: another workflow may have left something there meanwhile. */
  async function forget(conversationId: string, gone: ReadonlySet<Kept>): Promise<void> {
    const forgotten = [...Map.groupBy(gone, ({ shard }) => shard)].map(([shard, own]) => {
      const digests = own.flatMap(({ path, text }) => [path, createHash('sha1').update(text).digest('hex')]);
      return redis.batonForget((shards[shard] as StoreKeys).conversation(conversationId), ...digests);
    });
    await answers(forgotten);
  }
}

/** Of one workflow the path above comes first. */
function byTime(one: Kept, other: Kept): number {
  return one.at - other.at || compareText(one.by, other.by) || compareText(one.path, other.path);
}

function compareText(one: string, other: string): number {
  if (one === other) return 0;
  return one < other ? -1 : 1;
}
