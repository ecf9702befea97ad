/**
 * The store of a deployment of several shards: one for each, and what is asked of all of them at once. Types are in every shard, so that none needs
 * another to start a workflow; the first shard decides what a version is. What a conversation leaves lies in the shard of whoever left it, in the
 * commit of their end, and is read from all. **Invariant:** no command has keys of two shards.
 */
import { type ListQuery, shardOf, type WorkflowStore, type WorkflowSummary } from '@baton/core';
import { createConversations } from './conversation.ts';
import type { Redis } from './redis.ts';
import { createStore } from './store.ts';
import { storeKeys } from './store-keys.ts';
import { cursorAt, indexMember, placeOf } from './workflow-index.ts';

export interface StoresOptions {
  readonly redis: Redis;
  /** Of each shard, in their order. */
  readonly prefixes: readonly string[];
}

/** One for each shard, which sees the workflows of its own; types, secret and conversations are those of the deployment. */
export function createStores({ redis, prefixes }: StoresOptions): readonly WorkflowStore[] {
  const stores = prefixes.map((prefix) => createStore({ redis, prefix }));
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
export type Records = Pick<WorkflowStore, 'load' | 'summary' | 'list' | 'events' | 'findType' | 'types' | 'activeCounts'>;

/** @param stores of each shard, in their order */
export function recordsOf(stores: readonly WorkflowStore[]): Records {
  const [home] = stores as [WorkflowStore, ...WorkflowStore[]];
  if (stores.length === 1) return home;
  const storeOf = (workflowId: string): WorkflowStore => stores[shardOf(workflowId, stores.length)] as WorkflowStore;
  return {
    load: (workflowId) => storeOf(workflowId).load(workflowId),
    summary: (workflowId) => storeOf(workflowId).summary(workflowId),
    events: (workflowId, after, limit) => storeOf(workflowId).events(workflowId, after, limit),
    findType: home.findType,
    types: home.types,
    list: (query) => listAll(stores, query),
    async activeCounts() {
      const counts = (await Promise.all(stores.map((store) => store.activeCounts()))).flatMap((each) => [...each]);
      const byType = Map.groupBy(counts, ([type]) => type);
      return new Map([...byType].map(([type, own]) => [type, own.reduce((sum, [, count]) => sum + count, 0)]));
    },
  };
}

/** A cursor is a place in the order of all workflows, whatever their shard: the same one goes to each. */
async function listAll(stores: readonly WorkflowStore[], query: ListQuery): ReturnType<WorkflowStore['list']> {
  const pages = await Promise.all(stores.map((store) => store.list(query)));
  // Of a shard that has more nothing is known behind its page: neither may anything of the others be shown from there on.
  const horizon = pages.reduce((latest, { cursor }) => (cursor === undefined ? latest : max(latest, placeOf(cursor))), '');
  const known = pages.flatMap(({ workflows }) => workflows.map((workflow) => [indexMember(workflow.header), workflow] as const));
  const shown = known.filter(([member]) => member >= horizon).toSorted(newestFirst);
  const page = shown.slice(0, query.limit);
  const end = shown.length > page.length ? page.at(-1)?.[0] : horizon;
  return { workflows: page.map(([, workflow]) => workflow), ...(end !== undefined && end !== '' && { cursor: cursorAt(end) }) };
}

function newestFirst([one]: readonly [string, WorkflowSummary], [other]: readonly [string, WorkflowSummary]): number {
  return one < other ? 1 : -1;
}

function max(one: string, other: string): string {
  return one > other ? one : other;
}
