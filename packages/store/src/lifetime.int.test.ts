/** How long Redis keeps what: nothing of a running workflow ever expires, and nothing of an ended one stays for good. */
import type { Workflow, WorkflowStore } from '@baton/core';
import { commitOne, completion, graphDefinition, randomPrefix, step, storedOf, workflowOf } from '@baton/testkit';
import type { Redis } from 'ioredis';
import { expect, it } from 'vitest';
import { useRedis } from './redis-under-test.ts';
import { createStore } from './store.ts';

// One server: all its keys are listed.
const redis = useRedis({ isSingle: true });
const day = 86_400_000;
const definition = { ...graphDefinition([[]]), timeout_ms: 2 * day, retention_ms: 3 * day };
const running = { status: 'running', expiresAt: 1_000 } as const;
const paused = { status: 'paused', expiresAt: 1_000, pausedAt: 1, by: 'ann' } as const;
const completed = { status: 'completed', endedAt: 1, result: null } as const;
const cancelled = { type: 'subtask_cancelled', at: 1, subtaskId: 'n0' } as const;

function open() {
  const [connection, prefix] = [redis.connectServer(), randomPrefix()];
  return { connection, prefix, store: createStore({ redis: connection, prefix }) };
}

async function loaded(store: WorkflowStore, id: string): Promise<Workflow> {
  const workflow = await store.load(id);
  if (workflow === null) throw new Error(`There is no workflow ${id}.`);
  return workflow;
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
  await commitOne(createStore({ redis: redis.connectServer(), prefix }), workflowOf(definition, { id: 'w2' }), {});
  expect((await lifetimes(connection, prefix))[key]).toBe(12);
});

it('keeps a registered definition for good, whichever came first', async () => {
  const { store, connection, prefix } = open();
  const { type } = workflowOf(definition);
  await commitOne(store, workflowOf(definition, { id: 'before' }), {});
  await store.register(type, 1);
  await commitOne(store, workflowOf(definition, { id: 'after' }), {});
  expect((await lifetimes(connection, prefix))[`def:${type.hash}`]).toBeNull();
  for (const state of [paused, running, completed, running])
    await commitOne(createStore({ redis: redis.connectServer(), prefix }), await loaded(store, 'after'), { state });
  expect((await lifetimes(connection, prefix))[`def:${type.hash}`]).toBeNull();
});

it('keeps everything of a workflow that runs again for good, and its definition for as long as one that starts', async () => {
  const { store, connection, prefix } = open();
  const workflow = workflowOf(definition, { id: 'w1' });
  const context = [['a', { value: 1, by: 'n0', order: [0] }]] as const;
  await commitOne(store, workflow, { state: running, events: [cancelled], context, control: [{ key: 'n0~0', flag: 'cancelled:1' }] });
  const forGood = { 'wf:w1': null, 'wf:w1:events': null, 'wf:w1:ctx': null, 'ctl:w1': null };
  expect(await lifetimes(connection, prefix)).toMatchObject(forGood);
  await commitOne(store, workflow, { state: completed });
  // Flags outlive what may still begin: the workflow's timeout, and an hour.
  expect(await lifetimes(connection, prefix)).toMatchObject({ 'wf:w1': 4, 'wf:w1:events': 4, 'wf:w1:ctx': 4, 'ctl:w1': 3 });
  await connection.pexpire(`${prefix}:def:${workflow.type.hash}`, day);
  await commitOne(createStore({ redis: redis.connectServer(), prefix }), workflow, { state: running });
  expect(await lifetimes(connection, prefix)).toMatchObject({ ...forGood, [`def:${workflow.type.hash}`]: 12 });
});

it('keeps a context and flags that come with the end no longer than what was there before', async () => {
  const { store, connection, prefix } = open();
  const workflow = workflowOf(definition, { id: 'w1' });
  const context = [['a', { value: 1, by: 'n0', order: [0] }]] as const;
  await commitOne(store, workflow, { state: completed, context, control: [{ key: '*', flag: 'cancelled:1' }] });
  expect(await lifetimes(connection, prefix)).toMatchObject({ 'wf:w1:ctx': 4, 'ctl:w1': 3 });
});

it('does not lose a paused workflow with its definition, however long the pause', async () => {
  const { store, connection, prefix } = open();
  const [workflow, other] = [workflowOf(definition, { id: 'w1' }), workflowOf(definition, { id: 'w2' })];
  const key = `def:${workflow.type.hash}`;
  for (const each of [workflow, other]) await commitOne(store, each, { state: running });
  for (const each of [workflow, other]) await commitOne(store, each, { state: paused });
  await connection.unlink(`${prefix}:${key}`);
  const later = createStore({ redis: redis.connectServer(), prefix });
  expect(storedOf(await later.load('w1'))).toEqual(storedOf(workflow));
  await commitOne(later, await loaded(later, 'w1'), { state: running });
  expect((await lifetimes(connection, prefix))[key]).toBe(12);
  expect(await connection.hexists(`${prefix}:wf:w1`, 'definition')).toBe(0);
  // That the one goes on is nothing to the other.
  await connection.unlink(`${prefix}:${key}`);
  const latest = createStore({ redis: redis.connectServer(), prefix });
  expect(storedOf(await latest.load('w2'))).toEqual(storedOf(other));
  await commitOne(latest, await loaded(latest, 'w2'), { state: completed });
  expect((await lifetimes(connection, prefix))[key]).toBe(12);
});

it('keeps a conversation for 30 days from the last workflow that left something', async () => {
  const { store, connection, prefix } = open();
  const shared = { ...definition, conversation: 'shared' as const };
  const left = [['a', { value: 1, by: 'n0', order: [0] }]] as const;
  for (const id of ['w1', 'w2']) {
    await commitOne(store, workflowOf(shared, { id, conversationId: 'c' }), { state: completed, context: left });
    expect((await lifetimes(connection, prefix))['conv:c']).toBe(30);
    await connection.pexpire(`${prefix}:conv:c`, day);
  }
  await commitOne(store, workflowOf(shared, { id: 'w3', conversationId: 'c' }), { state: completed });
  expect((await lifetimes(connection, prefix))['conv:c']).toBe(1);
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
  expect(await connection.zcard(`${prefix}:idx:status:completed`)).toBe(2);
});
