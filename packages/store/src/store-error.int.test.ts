/** What the store does when Redis does not answer, refuses, has forgotten its scripts, or holds what nobody here wrote. */
import { commitOne, graphDefinition, patch, randomPrefix, storedOf, workflowOf } from '@baton/testkit';
import { describe, expect, it } from 'vitest';
import { useRedis } from './redis-under-test.ts';
import { createStore } from './store.ts';
import { StoreError } from './store-error.ts';

// One server: it is made full.
const redis = useRedis({ isSingle: true });
const definition = graphDefinition([[]]);

function open() {
  const [connection, prefix] = [redis.connectServer(), randomPrefix()];
  return { connection, prefix, store: createStore({ redis: connection, prefix }) };
}

async function codeOf(call: Promise<unknown>): Promise<string> {
  const error = await call.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (!(error instanceof StoreError)) throw new Error(`Expected a StoreError, got ${String(error)}`);
  return error.code;
}

it('says that Redis is unreachable, from every method', async () => {
  const gone = useGoneRedis();
  const workflow = workflowOf(definition);
  const deadline = { workflowId: 'w', subtaskId: null, at: 1 };
  const calls = [
    gone.load('w'),
    gone.summary('w'),
    gone.commit([{ workflow, patch: patch(), effects: [] }]),
    gone.list({ limit: 1 }),
    gone.partitionsDue([0], 1, 1),
    gone.dueDeadlines(0, 1, 1),
    gone.dropDeadline(0, deadline),
    gone.staleOutbox(0, 1, 1),
    gone.clearOutbox(0, [{ workflowId: 'w', subtaskId: 'n0', generation: 0 }]),
    gone.purge('w'),
    gone.events('w', null, 1),
    gone.activeCounts(),
    gone.conversation('c'),
    gone.secret(),
    gone.register(workflow.type, 1),
    gone.findType('t', 1),
    gone.findType('t', 'latest'),
    gone.types(),
  ];
  expect(await Promise.all(calls.map(codeOf))).toEqual(calls.map(() => 'UNREACHABLE'));
});

describe('a Redis that answers with an error', () => {
  it('is told from one that does not answer, and its words are in the message', async () => {
    const { store, connection, prefix } = open();
    await connection.set(`${prefix}:wf:wf_test`, 'not a hash');
    await expect(store.load('wf_test')).rejects.toMatchObject({ code: 'REFUSED', message: expect.stringContaining('WRONGTYPE') as unknown });
    expect(await codeOf(commitOne(store, workflowOf(definition), {}))).toBe('REFUSED');
  });

  it('fails the call of a batch, of which the rest is written', async () => {
    const { store, connection, prefix } = open();
    await connection.set(`${prefix}:wf:bad`, 'not a hash');
    const commits = ['w1', 'bad', 'w2'].map((id) => ({ workflow: workflowOf(definition, { id }), patch: patch(), effects: [] }));
    expect(await codeOf(store.commit(commits))).toBe('REFUSED');
    expect((await store.load('w1'))?.revision).toBe(1);
    expect((await store.load('w2'))?.revision).toBe(1);
  });

  it('writes nothing of a commit when memory is full', async () => {
    const { store, connection } = open();
    const workflow = workflowOf(definition);
    await commitOne(store, workflow, {});
    await connection.config('SET', 'maxmemory', '1');
    try {
      expect(await codeOf(commitOne(store, workflow, { state: { status: 'running', expiresAt: 1 } }))).toBe('REFUSED');
    } finally {
      await connection.config('SET', 'maxmemory', '0');
    }
    expect(storedOf(await store.load(workflow.header.id))).toEqual(storedOf(workflow));
  });
});

it('commits after Redis has forgotten the scripts', async () => {
  const { store, connection } = open();
  const workflow = workflowOf(definition);
  await commitOne(store, workflow, {});
  await commitOne(store, workflow, {});
  await connection.script('FLUSH');
  await expect(commitOne(store, workflow, {})).resolves.toMatchObject({ revision: 3 });
});

it('says so when what is stored cannot be read', async () => {
  const { connection, prefix, store } = open();
  const workflow = workflowOf(definition);
  await commitOne(store, workflow, {});
  const reopened = createStore({ redis: connection, prefix });
  await connection.unlink(`${prefix}:def:${workflow.type.hash}`);
  expect(await codeOf(reopened.load(workflow.header.id))).toBe('CORRUPT');
  await connection.hset(`${prefix}:wf:wf_test`, 'state', '{');
  expect(await codeOf(reopened.summary(workflow.header.id))).toBe('CORRUPT');
});

function useGoneRedis() {
  const connection = redis.connectServer({ maxRetriesPerRequest: 0, retryStrategy: () => null });
  connection.disconnect();
  return createStore({ redis: connection, prefix: randomPrefix() });
}
