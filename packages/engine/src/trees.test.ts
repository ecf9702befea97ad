/** Trees on the engine: what goes out together is in the outbox one by one, and is looked after one by one. */
import { type OutboxEntry, partitionOf } from '@baton/core';
import { expect, it } from 'vitest';
import { type Bench, createBench, partitions, settleAll, work } from './engine-under-test.ts';
import { outboxGraceMs } from './index.ts';

const chain = {
  name: 'chain',
  version: 1,
  nodes: [
    { id: 'a', capability: 'test.work' },
    { id: 'b', capability: 'test.work', params: { n: '$steps.a' } },
    { id: 'c', capability: 'test.work', params: { n: '$steps.b' } },
  ],
  result: '$steps.c',
};

async function startChain(bench: Bench): Promise<void> {
  expect(await bench.engine.start({ workflowId: 'wf', definition: chain, params: {}, caller: 'test' })).toMatchObject({ status: 'created' });
}

const inTrees = (wrap?: Parameters<typeof createBench>[0]) => createBench(wrap, () => true);
const outbox = async ({ store, clock }: Bench): Promise<readonly OutboxEntry[]> => await store.staleOutbox(partitionOf('wf'), clock.now() + 1, 10);
const stateOf = async ({ store }: Bench) => (await store.summary('wf'))?.state;

it('runs a chain without the engine in between, and records it as ever', async () => {
  const bench = inTrees();
  await startChain(bench);
  for (const result of [1, 2, 3]) await work(bench, result);
  expect(bench.queue.waitingFor()).toEqual([]);
  await settleAll(bench);
  expect(await stateOf(bench)).toMatchObject({ status: 'completed', result: 3 });
  const alone = createBench();
  await startChain(alone);
  for (const result of [1, 2, 3]) {
    await work(alone, result);
    await settleAll(alone);
  }
  expect(bench.events).toEqual(alone.events);
});

it('takes everything that went out together from the outbox', async () => {
  const bench = inTrees();
  await startChain(bench);
  expect([...bench.queue.dispatched.keys()].toSorted()).toEqual(['wf~a~0', 'wf~b~0', 'wf~c~0']);
  expect(await outbox(bench)).toEqual([]);
});

it('dispatches again what never arrived, each on its own when its turn comes', async () => {
  const bench = inTrees();
  const { dispatch } = bench.queue;
  Object.assign(bench.queue, { dispatch: async () => Promise.reject(new Error('no connection')) });
  await startChain(bench);
  Object.assign(bench.queue, { dispatch });
  expect((await outbox(bench)).map(({ subtaskId }) => subtaskId)).toEqual(['a', 'b', 'c']);
  bench.clock.advance(outboxGraceMs + 1);
  await bench.engine.tick(partitions);
  expect([...bench.queue.dispatched.keys()]).toEqual(['wf~a~1']);
  expect((await bench.store.load('wf'))?.subtasks.get('b')).toEqual({ status: 'pending', generation: 1, cause: 'lost' });
  for (const result of [1, 2, 3]) {
    await work(bench, result);
    await settleAll(bench);
  }
  expect(await stateOf(bench)).toMatchObject({ status: 'completed', result: 3 });
  expect(await outbox(bench)).toEqual([]);
});

it('leaves alone what did arrive, though nobody confirmed it', async () => {
  let isAway = true;
  const bench = inTrees((store) => ({
    ...store,
    clearOutbox: async (...given) => (isAway ? Promise.reject(new Error('no connection')) : store.clearOutbox(...given)),
  }));
  await startChain(bench);
  isAway = false;
  bench.clock.advance(outboxGraceMs + 1);
  expect(await outbox(bench)).toHaveLength(3);
  await bench.engine.tick(partitions);
  expect(await outbox(bench)).toEqual([]);
  expect((await bench.store.load('wf'))?.subtasks.get('c')).toEqual({ status: 'pending', generation: 0, behind: { b: 0 } });
  for (const result of [1, 2, 3]) await work(bench, result);
  await settleAll(bench);
  expect(await stateOf(bench)).toMatchObject({ status: 'completed', result: 3 });
});

it('waits for no agent and for no engine that died: another one takes the replies, in any order', async () => {
  const bench = inTrees();
  await startChain(bench);
  for (const result of [1, 2, 3]) await work(bench, result);
  const replies = await bench.reader.read(0);
  const successor = bench.engineOn(bench.store);
  for (const { report } of replies.toReversed()) await successor.settle(report === null ? [] : [report]);
  expect(await stateOf(bench)).toMatchObject({ status: 'completed', result: 3 });
});
