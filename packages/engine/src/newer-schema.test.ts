/** What an engine does with workflows that a newer process has written to: nothing, and whatever came together with them goes on. */
import { NewerSchemaError, partitionOf, type WorkflowStore } from '@baton/core';
import { beforeEach, expect, it } from 'vitest';
import { type Bench, createBench, partitions, settleAll, work } from './engine-under-test.ts';
import { outboxGraceMs } from './index.ts';

const definition = { name: 'one', version: 1, nodes: [{ id: 'a', capability: 'test.work' }] };
const minute = 60_000;
let newer: Set<string>;
let bench: Bench;

function refusing(store: WorkflowStore): WorkflowStore {
  const known = <Value>(id: string, answer: () => Promise<Value>) => (newer.has(id) ? Promise.reject(new NewerSchemaError(id, 2, 1)) : answer());
  return {
    ...store,
    load: (id) => known(id, () => store.load(id)),
    summary: (id) => known(id, () => store.summary(id)),
    commit: async (commits) =>
      await Promise.all(
        commits.map(async (commit) => (newer.has(commit.workflow.header.id) ? { status: 'conflict' as const } : ((await store.commit([commit]))[0] as never))),
      ),
  };
}

beforeEach(() => {
  newer = new Set();
  bench = createBench(refusing);
});

async function start(...ids: readonly string[]): Promise<void> {
  for (const workflowId of ids) await bench.engine.start({ workflowId, definition, params: {}, caller: 'ann' });
}

const statusOf = async (id: string) => (await bench.memory.summary(id))?.state.status;

it('leaves their replies, and settles those beside them', async () => {
  await start('ours', 'theirs');
  newer.add('theirs');
  await work(bench, 1);
  await work(bench, 2);
  const reports = (await bench.reader.read(0)).flatMap(({ report }) => report ?? []);
  expect(await bench.engine.settle(reports)).toEqual(new Set(['theirs']));
  expect([await statusOf('ours'), await statusOf('theirs')]).toEqual(['completed', 'running']);
  // They stay where they are until somebody comes who knows it: who settles them then finds all as it was.
  newer.clear();
  expect(await bench.engine.settle(reports)).toEqual(new Set());
  expect(await statusOf('theirs')).toBe('completed');
});

it('puts off what is due in them, says where, and passes what is due beside them', async () => {
  await start('theirs');
  newer.add('theirs');
  bench.clock.advance(minute);
  const before = await bench.store.staleOutbox(partitionOf('theirs'), bench.clock.now() + 1, 10);
  expect(await bench.engine.tick(partitions)).toEqual({ isMore: false, newer: [partitionOf('theirs')] });
  // Put off, not taken away.
  expect(await bench.engine.tick(partitions)).toEqual({ isMore: false, newer: [] });
  bench.clock.advance(2 * outboxGraceMs);
  expect(await bench.engine.tick(partitions)).toEqual({ isMore: false, newer: [partitionOf('theirs')] });
  expect(await bench.store.staleOutbox(partitionOf('theirs'), bench.clock.now() + minute, 10)).toEqual(before);
  expect(await bench.store.dueDeadlines(partitionOf('theirs'), bench.clock.now() + minute, 10)).not.toEqual([]);
});

it('tells whoever asks for something that somebody else knows', async () => {
  await start('theirs');
  newer.add('theirs');
  await expect(bench.engine.control('theirs', { action: 'pause' }, 'bob')).rejects.toBeInstanceOf(NewerSchemaError);
  await expect(bench.engine.start({ workflowId: 'theirs', definition, params: {}, caller: 'ann' })).rejects.toBeInstanceOf(NewerSchemaError);
});

it('takes neither a newer child for lost nor a newer parent for gone', async () => {
  await bench.engine.register({ ...definition, name: 'child' });
  const nodes = [{ id: 'sub', kind: 'workflow', type: 'child', params: {} }];
  await bench.engine.start({ workflowId: 'above', definition: { name: 'above', version: 1, nodes }, params: {}, caller: 'ann' });
  newer.add('above.sub');
  bench.clock.advance(minute);
  await bench.engine.tick(partitions);
  expect(await statusOf('above')).toBe('running');
  newer = new Set(['above']);
  bench.clock.advance(minute);
  await bench.engine.tick(partitions);
  expect(await statusOf('above.sub')).toBe('running');
  newer.clear();
  await work(bench, 1);
  await settleAll(bench);
  expect(await statusOf('above')).toBe('completed');
});
