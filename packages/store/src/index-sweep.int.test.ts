import { commitOne, completion, graphDefinition, randomPrefix, step, workflowOf } from '@baton/testkit';
import { expect, it } from 'vitest';
import { createIndexSweep } from './index-sweep.ts';
import { useRedis } from './redis-under-test.ts';
import { createStore } from './store.ts';

// One server: all its lists are named.
const redis = useRedis({ isSingle: true });
const completed = { status: 'completed', endedAt: 1, result: null } as const;

function open(membersMax?: number) {
  const [connection, prefix] = [redis.connect(), randomPrefix()];
  const lists = async (): Promise<readonly string[]> => (await connection.keys(`${prefix}:idx:*`)).map((key) => key.slice(prefix.length + 5)).toSorted();
  return { connection, prefix, lists, store: createStore({ redis: connection, prefix }), sweep: createIndexSweep(connection, prefix, membersMax) };
}

it('takes what Redis expired out of all lists, and the counter of a type with it, and leaves what exists', async () => {
  const { store, connection, prefix, sweep, lists } = open();
  const [gone, kept, runs] = ['gone', 'kept', 'runs'].map((id, index) =>
    workflowOf({ ...graphDefinition([[]]), name: index === 0 ? 'a' : 'b' }, { id, type: index === 0 ? 'a' : 'b' }),
  ) as [ReturnType<typeof workflowOf>, ReturnType<typeof workflowOf>, ReturnType<typeof workflowOf>];
  for (const workflow of [gone, kept, runs]) await step(store, workflow, [{ kind: 'started' }], 100);
  for (const workflow of [gone, kept]) await step(store, workflow, [completion(workflow, 'n0')], 200);
  expect(await sweep.next()).toEqual({ entries: 0, counters: 0 });
  await connection.unlink(`${prefix}:wf:gone`);
  expect(await sweep.next()).toEqual({ entries: 2, counters: 0 });
  expect(await lists()).toEqual(['status:completed', 'status:running', 'type:b:completed', 'type:b:running']);
  expect((await store.list({ limit: 10 })).workflows.map(({ header }) => header.id).toSorted()).toEqual(['kept', 'runs']);
  expect(await sweep.next()).toEqual({ entries: 0, counters: 1 });
  expect(await connection.hgetall(`${prefix}:active`)).toEqual({ b: '1' });
});

it('looks at some at a time, comes to all of them, and begins again', async () => {
  const { store, connection, prefix, sweep, lists } = open(500);
  const members = Array.from({ length: 1_800 }, (_, index) => `${String(index).padStart(15, '0')}/w${index}`);
  await connection.zadd(`${prefix}:idx:status:completed`, ...members.flatMap((member) => [0, member]));
  await commitOne(store, workflowOf(graphDefinition([[]]), { id: 'w900', createdAt: 900 }), { state: completed });
  const removed = [];
  for (let sweeps = 0; sweeps < 5; sweeps += 1) removed.push((await sweep.next()).entries);
  expect(removed).toEqual([500, 499, 500, 300, 0]);
  expect(await lists()).toContain('status:completed');
  expect(await connection.zcard(`${prefix}:idx:status:completed`)).toBe(1);
});

it('leaves the entry of a workflow that was created under the same id since', async () => {
  const { store, connection, prefix, sweep } = open();
  await connection.zadd(`${prefix}:idx:status:completed`, 0, '000000000000001/w1');
  const create = commitOne(store, workflowOf(graphDefinition([[]]), { id: 'w1', createdAt: 1 }), { state: completed });
  await Promise.all([sweep.next(), create]);
  expect((await store.list({ limit: 10 })).workflows).toHaveLength(1);
});
