/** The sweeper on a real deployment in which something was left behind: it goes, and nothing else does. */
import type { Workflow, WorkflowStore } from '@baton/core';
import { capabilityQueue } from '@baton/protocol';
import { connectRedis, createSubtaskQueue, openQueue, type Redis } from '@baton/queue';
import { createStore } from '@baton/store';
import { completion, exampleAssignment, graphDefinition, type RedisFixture, randomPrefix, startRedis, step, typeOf, workflowOf } from '@baton/testkit';
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest';
import { createSweeper } from './sweep.ts';

let fixture: RedisFixture;
let redis: Redis;
let prefix: string;
let store: WorkflowStore;
beforeAll(async () => {
  fixture = await startRedis();
  redis = await connectRedis(fixture.url, { name: 'sweep-test' });
}, 60_000);
afterAll(async () => {
  redis?.disconnect();
  await fixture?.stop();
});
beforeEach(() => {
  prefix = randomPrefix();
  store = createStore({ redis, prefix });
});

const sweeper = (everyMs: number) => createSweeper({ redis, prefix, store, now: Date.now }, everyMs);
const nothing = { orphanedJobs: 0, finishedJobs: 0, listEntries: 0, counters: 0, definitions: 0 };

async function started(id: string): Promise<Workflow> {
  const workflow = workflowOf(graphDefinition([[]]), { id });
  await step(store, workflow, [{ kind: 'started' }], 100);
  const queue = createSubtaskQueue({ redis, prefix });
  await queue.dispatch([{ assignment: exampleAssignment({ workflowId: id }), inputs: [] }]);
  await queue.close();
  return workflow;
}

test('jobs of what has ended, entries of what Redis expired and definitions of no type go; what is alive stays', async () => {
  const [ended, vanished] = [await started('ended'), await started('vanished')];
  await started('runs');
  for (const workflow of [ended, vanished]) await step(store, workflow, [completion(workflow, 'n0')], 200);
  await redis.unlink(`${prefix}:wf:vanished`);
  const type = typeOf({ ...graphDefinition([[]]), name: 'removed' });
  await store.register(type, 1);
  await redis.del(`${prefix}:type:removed`);

  expect(await sweeper(1).sweep()).toEqual({ ...nothing, orphanedJobs: 2, listEntries: 2, definitions: 1 });
  const queue = openQueue(redis, prefix, capabilityQueue(exampleAssignment({}).capability));
  onTestFinished(() => queue.close());
  expect(await queue.getRanges(['waiting'])).toEqual([expect.stringMatching(/^runs~/)]);
  expect((await store.list({ limit: 10 })).workflows.map(({ header }) => header.id).toSorted()).toEqual(['ended', 'runs']);
  expect(await redis.pttl(`${prefix}:def:${type.hash}`)).toBeGreaterThan(0);
});

test('more jobs than one look takes go all the same', async () => {
  const queue = createSubtaskQueue({ redis, prefix });
  const gone = Array.from({ length: 2_500 }, (_, index) => ({ assignment: exampleAssignment({ workflowId: `gone${index}` }), inputs: [] }));
  await queue.dispatch(gone);
  await queue.close();
  expect(await sweeper(1).sweep()).toEqual({ ...nothing, orphanedJobs: 2_500 });
});

test('of all processes one at a time has its turn, and the next when the time is over', async () => {
  const swept = await Promise.all([sweeper(60_000).sweep(), sweeper(60_000).sweep()]);
  expect(swept.filter((each) => each !== null)).toEqual([nothing]);
  await redis.pexpire(`${prefix}:sweep`, 1);
  await expect.poll(() => sweeper(60_000).sweep()).toEqual(nothing);
});
