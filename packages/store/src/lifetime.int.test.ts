/** How long Redis keeps what: nothing of a running workflow ever expires, and nothing of an ended one stays for good. */
import { commitOne, completion, graphDefinition, randomPrefix, step, workflowOf } from '@baton/testkit';
import type { Redis } from 'ioredis';
import { expect, it } from 'vitest';
import { useRedis } from './redis-under-test.ts';
import { createStore } from './store.ts';

const redis = useRedis();
const day = 86_400_000;
const definition = { ...graphDefinition([[]]), timeout_ms: 2 * day, retention_ms: 3 * day };
const completed = { status: 'completed', endedAt: 1, result: null } as const;

function open() {
  const [connection, prefix] = [redis.connect(), randomPrefix()];
  return { connection, prefix, store: createStore({ redis: connection, prefix }) };
}

/** Days until each key of the prefix expires, by its name; null: never. */
async function lifetimes(connection: Redis, prefix: string): Promise<Record<string, number | null>> {
  const keys = await connection.keys(`${prefix}:*`);
  const entries = keys.map(async (key) => {
    const ms = await connection.pttl(key);
    return [key.slice(prefix.length + 1), ms === -1 ? null : Math.ceil(ms / day)] as const;
  });
  return Object.fromEntries(await Promise.all(entries));
}

it('keeps a running workflow for good, and an ended one a day longer than its retention', async () => {
  const { store, connection, prefix } = open();
  const workflow = workflowOf(definition, { id: 'w1' });
  await step(store, workflow, [{ kind: 'started' }], 100);
  expect(await lifetimes(connection, prefix)).toMatchObject({ 'wf:w1': null, 'wf:w1:events': null });
  await step(store, workflow, [completion(workflow, 'n0')], 200);
  expect(workflow.state.status).toBe('completed');
  expect(await lifetimes(connection, prefix)).toMatchObject({ 'wf:w1': 4, 'wf:w1:events': 4 });
});

it('keeps a definition that a workflow brought for its timeout, its retention and a week, anew with each workflow', async () => {
  const { store, connection, prefix } = open();
  const workflow = workflowOf(definition, { id: 'w1' });
  const key = `def:${workflow.type.hash}`;
  await commitOne(store, workflow, {});
  expect((await lifetimes(connection, prefix))[key]).toBe(12);
  await connection.pexpire(`${prefix}:${key}`, day);
  await commitOne(store, workflowOf(definition, { id: 'w2' }), {});
  expect((await lifetimes(connection, prefix))[key]).toBe(12);
});

it('keeps a registered definition for good, whichever came first', async () => {
  const { store, connection, prefix } = open();
  const { type } = workflowOf(definition);
  await commitOne(store, workflowOf(definition, { id: 'before' }), {});
  await store.register(type, 1);
  await commitOne(store, workflowOf(definition, { id: 'after' }), {});
  expect((await lifetimes(connection, prefix))[`def:${type.hash}`]).toBeNull();
});

it('leaves no key of a purged workflow but its definition and the counter', async () => {
  const { store, connection, prefix } = open();
  const workflow = workflowOf(definition);
  await step(store, workflow, [{ kind: 'started' }], 100);
  await step(store, workflow, [completion(workflow, 'n0')], 200);
  await store.purge(workflow.header.id);
  expect(Object.keys(await lifetimes(connection, prefix)).toSorted()).toEqual(['active', `def:${workflow.type.hash}`]);
});

it('takes what Redis has expired out of the lists', async () => {
  const { store, connection, prefix } = open();
  for (const [index, id] of ['w1', 'w2', 'w3'].entries()) await commitOne(store, workflowOf(definition, { id, createdAt: index }), { state: completed });
  await connection.unlink(`${prefix}:wf:w2`);
  const page = await store.list({ limit: 2 });
  expect(page.workflows.map(({ header }) => header.id)).toEqual(['w3']);
  const rest = await store.list({ limit: 2, ...(page.cursor !== undefined && { cursor: page.cursor }) });
  expect(rest.workflows.map(({ header }) => header.id)).toEqual(['w1']);
  expect(await connection.zcard(`${prefix}:idx:all`)).toBe(2);
});
