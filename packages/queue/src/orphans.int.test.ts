import { capabilityQueue } from '@baton/protocol';
import { exampleAssignment, type RedisFixture, randomPrefix, startRedis } from '@baton/testkit';
import { Worker } from 'bullmq';
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest';
import { connectRedis, type Redis } from './connection.ts';
import { createSubtaskQueue } from './dispatch.ts';
import { findOrphans, removeOrphans } from './orphans.ts';
import { openQueue } from './queue-handle.ts';
import { serverOf } from './shards.ts';

let fixture: RedisFixture;
let redis: Redis;
let prefix: string;
beforeAll(async () => {
  fixture = await startRedis();
  redis = await connectRedis(fixture.url, { name: 'orphans-test' });
}, 60_000);
afterAll(async () => {
  redis?.disconnect();
  await fixture?.stop();
});
beforeEach(() => {
  prefix = randomPrefix();
});

const options = () => ({ redis, prefix, isOver: async (workflowId: string) => workflowId.startsWith('over') });
const leaf = (change: Parameters<typeof exampleAssignment>[0]) => ({ assignment: exampleAssignment(change), inputs: [] });

async function dispatch(...trees: Parameters<ReturnType<typeof createSubtaskQueue>['dispatch']>[0]): Promise<void> {
  const queue = createSubtaskQueue({ redis, prefix });
  await queue.dispatch(trees);
  await queue.close();
}

function queueOf(capability: string) {
  const queue = openQueue(redis, prefix, capabilityQueue(capability));
  onTestFinished(() => queue.close());
  return queue;
}

/** An agent takes the next job. */
async function take(capability: string) {
  const worker = new Worker(capabilityQueue(capability), null, { connection: redis, prefix, autorun: false, settings: { backoffStrategy: () => 60_000 } });
  onTestFinished(() => worker.close());
  const job = await worker.getNextJob('token', { block: false });
  if (job === undefined) throw new Error(`There is no job for ${capability}.`);
  return job;
}

test('jobs of what is over are found, in every state, and removed; all others stay', async () => {
  await dispatch(leaf({ workflowId: 'over_1', subtaskId: 'retried' }));
  await (await take('data.fetch')).moveToFailed(new Error('not yet'), 'token', false);
  await dispatch(
    leaf({ workflowId: 'over_1' }),
    leaf({ workflowId: 'runs' }),
    leaf({ workflowId: 'over_2', capability: 'data.clean' }),
    {
      ...leaf({ workflowId: 'over_1', subtaskId: 'root', capability: 'data.clean', inputs: ['leaf'] }),
      inputs: [leaf({ workflowId: 'over_1', subtaskId: 'leaf' })],
    },
    {
      ...leaf({ workflowId: 'runs', subtaskId: 'root', capability: 'data.clean', inputs: ['leaf'] }),
      inputs: [leaf({ workflowId: 'runs', subtaskId: 'leaf' })],
    },
  );
  // What others add under ids of their own is none of our business.
  await queueOf('data.fetch').add('foreign', {}, { jobId: 'over_foreign' });

  const found = await findOrphans(options());
  expect(found.map(({ capability, jobIds }) => [capability, jobIds.toSorted()])).toEqual([
    ['data.clean', ['over_1~root~1', 'over_2~fetch~1']],
    ['data.fetch', ['over_1~fetch~1', 'over_1~leaf~1', 'over_1~retried~1']],
  ]);
  expect(await findOrphans(options())).toEqual(found);

  const removed = (await removeOrphans(options())).flatMap(({ jobIds }) => jobIds);
  // The leaf may have gone with its root.
  expect(removed).toEqual(expect.arrayContaining(['over_1~fetch~1', 'over_1~retried~1', 'over_1~root~1', 'over_2~fetch~1']));
  expect(await findOrphans(options())).toEqual([]);
  const left = await Promise.all(['data.fetch', 'data.clean'].map((name) => queueOf(name).getRanges(['waiting', 'delayed', 'waiting-children'], 0, -1)));
  expect(left.map((ids) => ids.toSorted())).toEqual([['over_foreign', 'runs~fetch~1', 'runs~leaf~1'], ['runs~root~1']]);
  expect(await serverOf(redis, prefix).keys(`${prefix}:cap.*over_1~*`)).toEqual([]);
});

test('what an agent has in hand is left to it, and so is what waits for that', async () => {
  await dispatch({
    ...leaf({ workflowId: 'over', subtaskId: 'root', capability: 'data.clean', inputs: ['leaf'] }),
    inputs: [leaf({ workflowId: 'over', subtaskId: 'leaf' })],
  });
  const job = await take('data.fetch');
  expect(await removeOrphans(options())).toEqual([]);
  await job.moveToCompleted({}, 'token', false);
  expect(await removeOrphans(options())).toEqual([{ capability: 'data.clean', jobIds: ['over~root~1'] }]);
});
