/** That what an engine counts is what it did: once for each commit, for each one that came too late, and for each workflow it read. */
import { partitionCount } from '@baton/core';
import { createManualClock, createMemoryQueue, createMemoryStore } from '@baton/testkit';
import { expect, test } from 'vitest';
import { createEngine, type Engine } from './engine.ts';

const two = { name: 'two', version: 1, nodes: [{ id: 'a', capability: 'work' }] };

function createEngines() {
  const clock = createManualClock();
  const queue = createMemoryQueue(clock.now);
  const store = createMemoryStore({ append: queue.append });
  return (): { readonly engine: Engine; readonly counted: Record<string, number> } => {
    const counted = { commits: 0, conflicts: 0, reloads: 0 };
    const engine = createEngine({ store, queue, now: clock.now, observe: () => {}, warn: () => {}, count: (what, by) => (counted[what] += by) });
    return { engine, counted };
  };
}

test('what is remembered is committed without a read; what another one went on with costs one conflict and one read', async () => {
  const create = createEngines();
  const [first, second] = [create(), create()];
  await first.engine.start({ workflowId: 'w', definition: two, params: {}, caller: 'ann' });
  await first.engine.control('w', { action: 'pause' }, 'ann');
  expect(first.counted).toEqual({ commits: 2, conflicts: 0, reloads: 0 });

  await second.engine.control('w', { action: 'resume' }, 'ann');
  expect(second.counted).toEqual({ commits: 1, conflicts: 0, reloads: 1 });

  await first.engine.control('w', { action: 'cancel', graceMs: 0 }, 'ann');
  expect(first.counted).toEqual({ commits: 3, conflicts: 1, reloads: 1 });
});

test('a look at the clock reads nothing where nothing is due', async () => {
  const { engine, counted } = createEngines()();
  await engine.start({ workflowId: 'w', definition: two, params: {}, caller: 'ann' });
  await engine.tick(Array.from({ length: partitionCount }, (_, partition) => partition));
  expect(counted).toEqual({ commits: 1, conflicts: 0, reloads: 0 });
});
