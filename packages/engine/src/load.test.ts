/** What an engine does otherwise while it has much to do. */
import type { CommitOutcome } from '@baton/core';
import { createMemoryQueue, createMemoryStore } from '@baton/testkit';
import { expect, test } from 'vitest';
import { createEngine } from './index.ts';

const definition = {
  name: 'chain',
  version: 1,
  nodes: [
    { id: 'a', capability: 'test.a' },
    { id: 'b', capability: 'test.b', needs: ['a'] },
  ],
};

/** Starts one workflow, and another while the first is being written. @returns how many subtasks each dispatch has brought */
async function dispatched(areTreesCutUnderLoad: boolean): Promise<readonly number[]> {
  const queue = createMemoryQueue();
  const memory = createMemoryStore({ append: queue.append });
  const first = Promise.withResolvers<void>();
  let commits = 0;
  const commit = async (...words: Parameters<typeof memory.commit>): Promise<readonly CommitOutcome[]> => {
    commits += 1;
    if (commits === 1) await first.promise;
    return await memory.commit(...words);
  };
  const engine = createEngine({
    store: { ...memory, commit },
    queue,
    now: Date.now,
    observe: () => {},
    warn: (event, error) => expect.unreachable(`${event}: ${String(error)}`),
    sameTree: () => true,
    areTreesCutUnderLoad,
  });
  const start = (workflowId: string) => engine.start({ workflowId, definition, params: {}, caller: 'test' });
  const starts = [start('wf_1')];
  await expect.poll(() => commits).toBe(1);
  starts.push(start('wf_2'));
  first.resolve();
  await Promise.all(starts);
  return ['wf_1', 'wf_2'].map((id) => [...queue.dispatched.keys()].filter((job) => job.startsWith(`${id}~`)).length);
}

test('trees are cut while nothing else is being written, unless told that they always are', async () => {
  expect(await dispatched(false)).toEqual([2, 1]);
  expect(await dispatched(true)).toEqual([2, 2]);
});
