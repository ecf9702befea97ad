/** What the simulation found, each as a case of its own: engines that share a store and remember different things, and what fails twice. */
import { partitionCount, type SubtaskQueue, type WorkflowStore } from '@baton/core';
import { replyMessage } from '@baton/protocol';
import { createManualClock, createMemoryQueue, createMemoryStore } from '@baton/testkit';
import { expect, test } from 'vitest';
import { createEngine, type Engine } from './engine.ts';

const partitions = Array.from({ length: partitionCount }, (_, partition) => partition);
const two = { name: 'two', version: 1, nodes: [{ id: 'a', capability: 'work', ttl_ms: 600_000 }] };

function createBench() {
  const clock = createManualClock();
  const queue = createMemoryQueue(() => clock.now());
  const store = createMemoryStore({ append: queue.append });
  const reader = queue.reader();
  reader.own(partitions);
  const engine = (change: { readonly store?: Partial<WorkflowStore>; readonly queue?: Partial<SubtaskQueue> } = {}): Engine =>
    createEngine({ store: { ...store, ...change.store }, queue: { ...queue, ...change.queue }, now: () => clock.now(), observe: () => {}, warn: () => {} });

  return {
    clock,
    queue,
    store,
    engine,
    stateOf: async (id: string) => (await store.summary(id))?.state.status,
    /** Agents hold back what is flagged, and do the rest. */
    async work(): Promise<void> {
      for (let taken = queue.take(); taken !== null; taken = queue.take()) {
        const now = clock.now();
        const isHeld = store.control(taken.assignment.metadata.workflow_id).has('*');
        const outcome = isHeld ? { status: 'held' as const } : { status: 'completed' as const, result: 1 };
        const reply = replyMessage(taken.assignment, { outcome, execution: { agent: 'agent', attempt: taken.attempt, startedAt: now, finishedAt: now } });
        await taken.reply(reply);
        await taken.finish(reply);
      }
    },
    async settle(by: Engine): Promise<void> {
      const replies = await reader.read(0);
      await by.settle(replies.flatMap(({ report }) => report ?? []));
      await reader.remove(replies);
    },
  };
}

test('a reply is not lost on an engine that remembers the workflow as it was before another went on with it', async () => {
  const { engine, work, settle, stateOf } = createBench();
  const [owner, api] = [engine(), engine()];
  await owner.start({ workflowId: 'w', definition: two, params: {}, caller: 'ann' });
  await owner.control('w', { action: 'pause' }, 'ann');
  await work();
  await settle(owner);
  await api.control('w', { action: 'resume' }, 'ann');
  await work();
  await settle(owner);
  expect(await stateOf('w')).toBe('completed');
});

test('an answer to a request is that of the store, not of what is remembered', async () => {
  const { engine } = createBench();
  const [owner, api] = [engine(), engine()];
  await owner.start({ workflowId: 'w', definition: two, params: {}, caller: 'ann' });
  await owner.control('w', { action: 'pause' }, 'ann');
  await api.control('w', { action: 'resume' }, 'ann');
  expect(await owner.control('w', { action: 'pause' }, 'ann')).toMatchObject({ outcome: 'applied' });
});

test('a workflow that ends while its own time is being looked at is kept for its retention', async () => {
  const { engine, store, clock, work, settle, stateOf } = createBench();
  const other = engine();
  await other.start({ workflowId: 'w', definition: { ...two, timeout_ms: 10_000 }, params: {}, caller: 'ann' });
  await work();
  clock.advance(10_000);
  const owner = engine({
    store: {
      async dueDeadlines(...given) {
        const due = await store.dueDeadlines(...given);
        if (due.length > 0) await settle(other);
        return due;
      },
    },
  });
  await owner.tick(partitions);
  expect(await stateOf('w')).toBe('completed');
});

test('under a parent that is paused nothing begins, though it was due at the same moment', async () => {
  const { engine, store, clock } = createBench();
  const lost = { commits: false };
  const owner = engine({
    store: {
      // The parent's pause is committed; what it means for the child does not arrive.
      commit: async (commits) => {
        if (lost.commits && commits.some(({ workflow }) => workflow.header.parent !== undefined)) throw new Error('away');
        return await store.commit(commits);
      },
    },
  });
  const child = {
    name: 'child',
    version: 1,
    nodes: [
      { id: 'nap', kind: 'sleep', for_ms: 60_000 },
      { id: 'wait', kind: 'signal', signal: 'go', needs: ['nap'] },
    ],
  };
  await owner.register(child);
  await owner.start({
    workflowId: 'w',
    definition: { name: 'parent', version: 1, nodes: [{ id: 'sub', kind: 'workflow', type: 'child' }] },
    params: {},
    caller: 'ann',
  });
  lost.commits = true;
  await owner.control('w', { action: 'pause' }, 'ann');
  lost.commits = false;
  clock.advance(60_000);
  await owner.tick(partitions);
  const [below] = (await store.list({ type: 'child', limit: 1 })).workflows;
  const workflow = await store.load(below?.header.id ?? '');
  expect(workflow?.state.status).toBe('paused');
  expect(workflow?.subtasks.get('wait')).toBeUndefined();
});

test('approvers are told in the end, however often telling them fails', async () => {
  const { engine, queue, clock } = createBench();
  const failures = { left: 3 };
  const owner = engine({
    queue: {
      notify: async (deliveries) => {
        failures.left -= 1;
        if (failures.left >= 0) throw new Error('away');
        await queue.notify(deliveries);
      },
    },
  });
  const definition = { name: 'ask', version: 1, nodes: [{ id: 'ask', kind: 'approval', webhook: 'http://127.0.0.1:1/hook' }] };
  await owner.start({ workflowId: 'w', definition, params: {}, caller: 'ann' });
  for (let minute = 0; minute < 3; minute += 1) {
    clock.advance(6_000);
    await owner.tick(partitions);
  }
  expect([...queue.notified.keys()]).toEqual(['w~ask~0']);
});

test('a child is started within seconds, however often starting it fails', async () => {
  const { engine, store, clock } = createBench();
  const failures = { left: 0 };
  const owner = engine({
    store: {
      commit: async (commits) => {
        const isChild = commits.some(({ workflow }) => workflow.header.parent !== undefined);
        if (isChild) failures.left -= 1;
        if (isChild && failures.left >= 0) throw new Error('away');
        return await store.commit(commits);
      },
    },
  });
  await owner.register({ ...two, name: 'child' });
  failures.left = 2;
  await owner.start({
    workflowId: 'w',
    definition: { name: 'parent', version: 1, nodes: [{ id: 'sub', kind: 'workflow', type: 'child' }] },
    params: {},
    caller: 'ann',
  });
  for (let round = 0; round < 2; round += 1) {
    clock.advance(6_000);
    await owner.tick(partitions);
  }
  expect((await store.list({ type: 'child', limit: 10 })).workflows).toHaveLength(1);
});
