/**
 * The store of a deployment of several shards: one for each, and what is asked of all of them at once. Types are in every shard, so that none needs
 * another to start a workflow; the first shard decides what a version is. What a conversation leaves lies in the shard of whoever left it, in the
 * commit of their end, and is read from all. **Invariant:** no command has keys of two shards.
 */
import { type BlobStore, type ListPage, type ListQuery, type Schema, shardOf, shareOf, type WorkflowStore } from '@baton/core';
import { createConversations } from './conversation.ts';
import type { Redis } from './redis.ts';
import { createStore } from './store.ts';
import { storeKeys } from './store-keys.ts';
import { cursorAt, indexMember, placeOf } from './workflow-index.ts';

export interface StoresOptions {
  readonly redis: Redis;
  /** Of each shard, in their order. */
  readonly prefixes: readonly string[];
  /** As of a store; absent: each shard has its own. */
  readonly blobs?: BlobStore | undefined;
  /** As of a store. */
  readonly schema?: Schema;
}

/** One for each shard, which sees the workflows of its own; types, secret and conversations are those of the deployment. */
export function createStores({ redis, prefixes, blobs, schema }: StoresOptions): readonly WorkflowStore[] {
  const stores = prefixes.map((prefix) => createStore({ redis, prefix, blobs, ...(schema && { schema }) }));
  if (stores.length === 1) return stores;
  const [home, ...others] = stores as [WorkflowStore, ...WorkflowStore[]];
  let secret: string | undefined;
  const ofDeployment: Pick<WorkflowStore, 'conversation' | 'register' | 'secret'> = {
    ...createConversations(redis, prefixes.map(storeKeys)),
    /** Where this throws, some shards may have it and others not: the same again brings it to all. */
    async register(type, now) {
      const outcome = await home.register(type, now);
      if (outcome !== 'conflict') await Promise.all(others.map((store) => store.register(type, now)));
      return outcome;
    },
    secret: async () => (secret ??= await home.secret()),
  };
  return stores.map((store) => ({ ...store, ...ofDeployment }));
}

/** What is asked of a deployment: by a workflow's id, or of all its shards. */
export type Records = Pick<WorkflowStore, 'load' | 'summary' | 'list' | 'events' | 'findType' | 'types' | 'activeCounts' | 'limitType' | 'typeLimits'>;

/** @param stores of each shard, in their order; the limit of a type must not be lower than there are shards, or some would start none */
export function recordsOf(stores: readonly WorkflowStore[]): Records {
  const [home] = stores as [WorkflowStore, ...WorkflowStore[]];
  if (stores.length === 1) return home;
  const storeOf = (workflowId: string): WorkflowStore => stores[shardOf(workflowId, stores.length)] as WorkflowStore;
  return {
    load: (workflowId) => storeOf(workflowId).load(workflowId),
    summary: (workflowId) => storeOf(workflowId).summary(workflowId),
    events: (workflowId, after, limit) => storeOf(workflowId).events(workflowId, after, limit),
    findType: (name, version) => home.findType(name, version),
    types: () => home.types(),
    list: (query) => listAll(stores, query),
    activeCounts: async () => summed(await Promise.all(stores.map((store) => store.activeCounts()))),
    async limitType(name, activeMax) {
      await Promise.all(stores.map((store, shard) => store.limitType(name, activeMax === null ? null : shareOf(activeMax, shard, stores.length))));
    },
    typeLimits: async () => summed(await Promise.all(stores.map((store) => store.typeLimits()))),
  };
}

function summed(counts: readonly ReadonlyMap<string, number>[]): ReadonlyMap<string, number> {
  const byName = Map.groupBy(
    counts.flatMap((each) => [...each]),
    ([name]) => name,
  );
  return new Map([...byName].map(([name, own]) => [name, own.reduce((sum, [, count]) => sum + count, 0)]));
}

/** A cursor is a place in the order of all workflows, whatever their shard: the same one goes to each. */
async function listAll(stores: readonly WorkflowStore[], query: ListQuery): Promise<ListPage> {
  const pages = await Promise.all(stores.map((store) => store.list(query)));
  // Of a shard that has more nothing is known behind its page: neither may anything of the others be shown from there on.
  const horizon = pages.reduce((latest, { cursor }) => (cursor === undefined ? latest : max(latest, placeOf(cursor))), '');
  const known = pages.flatMap(entriesOf).filter(({ member }) => member >= horizon);
  const shown = known.toSorted((one, other) => (one.member < other.member ? 1 : -1));
  const page = shown.slice(0, query.limit);
  const end = shown.length > page.length ? page.at(-1)?.member : horizon;
  const newer = page.flatMap((entry) => entry.newer ?? []);
  return {
    workflows: page.flatMap(({ workflow }) => workflow ?? []),
    ...(newer.length > 0 && { newer }),
    ...(end !== undefined && end !== '' && { cursor: cursorAt(end) }),
  };
}

interface Entry {
  /** As in the indexes. */
  readonly member: string;
  readonly workflow?: ListPage['workflows'][number];
  readonly newer?: NonNullable<ListPage['newer']>[number];
}

function entriesOf({ workflows, newer = [] }: ListPage): readonly Entry[] {
  return [
    ...workflows.map((workflow) => ({ member: indexMember(workflow.header), workflow })),
    ...newer.map((each) => ({ member: indexMember(each), newer: each })),
  ];
}

function max(one: string, other: string): string {
  return one > other ? one : other;
}
