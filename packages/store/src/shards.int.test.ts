/** What is asked of all shards at once, against one store that has everything. */
import { shardOf, type WorkflowStatus } from '@baton/core';
import { commitOne, graphDefinition, randomPrefix, workflowOf } from '@baton/testkit';
import { expect, test } from 'vitest';
import { useRedis } from './redis-under-test.ts';
import { createStores, recordsOf } from './shards.ts';
import { createStore } from './store.ts';

const redis = useRedis();
const shards = 3;
const definition = graphDefinition([[]]);
const shared = { ...definition, conversation: 'shared' as const };

function deployment() {
  const connection = redis.connect();
  const tag = randomPrefix().slice(1, -1);
  const stores = createStores({ redis: connection, prefixes: Array.from({ length: shards }, (_, shard) => `{${tag}:${shard}}`) });
  const storeOf = (id: string) => stores[shardOf(id, shards)] as (typeof stores)[number];
  const forget = (id: string) => connection.del(`{${tag}:${shardOf(id, shards)}}:wf:${id}`);
  return { stores, records: recordsOf(stores), storeOf, forget, whole: createStore({ redis: connection, prefix: randomPrefix() }) };
}

async function pagesOf(
  list: ReturnType<typeof recordsOf>['list'],
  query: { readonly limit: number; readonly status?: WorkflowStatus },
): Promise<readonly string[]> {
  const ids: string[] = [];
  for (let cursor: string | undefined; ; ) {
    const page = await list({ ...query, ...(cursor !== undefined && { cursor }) });
    expect(page.workflows.length).toBeLessThanOrEqual(query.limit);
    ids.push(...page.workflows.map(({ header: { id } }) => id));
    if (page.cursor === undefined) return ids;
    cursor = page.cursor;
  }
}

test('a list has the workflows of all shards in their order, page by page, and a workflow is found by its id', async () => {
  const { records, storeOf, whole } = deployment();
  const ids = Array.from({ length: 40 }, (_, index) => `wf${index}`);
  for (const [index, id] of ids.entries()) {
    const state = index % 4 === 0 ? ({ status: 'completed', endedAt: 5, result: null } as const) : ({ status: 'running', expiresAt: 1_000 } as const);
    for (const store of [storeOf(id), whole]) await commitOne(store, workflowOf(definition, { id, createdAt: Math.floor(index / 3) }), { state });
  }
  expect(new Set(ids.map((id) => shardOf(id, shards))).size).toBe(shards);
  for (const limit of [1, 3, 7, 40, 100]) {
    expect(await pagesOf(records.list, { limit })).toEqual(await pagesOf(whole.list, { limit }));
    expect(await pagesOf(records.list, { limit, status: 'completed' })).toEqual(await pagesOf(whole.list, { limit, status: 'completed' }));
  }
  expect(await records.activeCounts()).toEqual(await whole.activeCounts());
  for (const id of ids) expect((await records.summary(id))?.header.id).toBe(id);
  expect((await records.load('wf3'))?.header).toEqual((await whole.load('wf3'))?.header);
  expect(await records.events('wf3', null, 10)).toEqual(await storeOf('wf3').events('wf3', null, 10));
});

test('a page shows nothing behind which another shard may have more', async () => {
  const { records, storeOf, forget } = deployment();
  const ids = Array.from({ length: 30 }, (_, index) => `wf${index}`);
  for (const [createdAt, id] of ids.entries())
    await commitOne(storeOf(id), workflowOf(definition, { id, createdAt }), { state: { status: 'running', expiresAt: 1 } });
  // Redis has expired the newest of a shard, whose page is short then although it has more.
  const gone = ids.filter((id) => shardOf(id, shards) === 0).slice(-3);
  for (const id of gone) expect(await forget(id)).toBe(1);
  expect(await pagesOf(records.list, { limit: 4 })).toEqual(ids.toReversed().filter((id) => !gone.includes(id)));
});

test('what a conversation left is in no matter which shard', async () => {
  const { stores, storeOf } = deployment();
  const left = [
    ['wf1', 10, 'topic', 'early'],
    ['wf2', 20, 'topic', 'late'],
    ['wf3', 5, 'user.name', 'Ann'],
    ['wf4', 30, 'user.mail', 'ann@example.org'],
  ] as const;
  expect(new Set(left.map(([id]) => shardOf(id, shards))).size).toBeGreaterThan(1);
  for (const [id, endedAt, path, value] of left) {
    const workflow = workflowOf(shared, { id, conversationId: 'c' });
    const context = [[path, { value, by: 'n0', order: [0] }]] as const;
    await commitOne(storeOf(id), workflow, { state: { status: 'completed', endedAt, result: null }, context });
  }
  for (const store of stores) expect(await store.conversation('c')).toEqual({ topic: 'late', user: { name: 'Ann', mail: 'ann@example.org' } });
});

test('types are registered in every shard, as the first one decides; the secret is one', async () => {
  const { stores, records } = deployment();
  const { type } = workflowOf(definition);
  const other = workflowOf({ ...definition, timeout_ms: 5_000 }).type;
  const [, second, third] = stores;
  expect(await second?.register(type, 1)).toBe('registered');
  expect(await third?.register(type, 1)).toBe('existing');
  expect(await third?.register(other, 1)).toBe('conflict');
  for (const store of stores) expect((await store.findType(type.name, 'latest'))?.hash).toBe(type.hash);
  expect(await records.types()).toEqual([{ name: type.name, versions: [type.version] }]);
  expect(new Set(await Promise.all(stores.map((store) => store.secret()))).size).toBe(1);
});
