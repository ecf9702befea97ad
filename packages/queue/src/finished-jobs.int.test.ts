/** What is done is kept for some time and in some number, in every queue, whoever put it there and whether or not anybody still uses the queue. */
import { capabilityQueue, workflowsQueue } from '@baton/protocol';
import { exampleAssignment, type RedisFixture, randomPrefix, startRedis } from '@baton/testkit';
import { Queue, Worker } from 'bullmq';
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { connectRedis, type Redis } from './connection.ts';
import { createSubtaskQueue } from './dispatch.ts';
import { keptJobs, trimFinishedJobs } from './finished-jobs.ts';
import { openQueue } from './queue-handle.ts';
import { consumeStarts } from './start-queue.ts';

let fixture: RedisFixture;
let redis: Redis;
let prefix: string;
beforeAll(async () => {
  fixture = await startRedis();
  redis = await connectRedis(fixture.url, { name: 'finished-jobs-test' });
}, 60_000);
afterAll(async () => {
  redis?.disconnect();
  await fixture?.stop();
});
beforeEach(() => {
  prefix = randomPrefix();
});

const capability = 'data.fetch';
const { age, count } = keptJobs.removeOnComplete;

/** An agent finishes all of them. */
async function finish(ids: readonly string[]): Promise<void> {
  const queue = createSubtaskQueue({ redis, prefix });
  await queue.dispatch(ids.map((subtaskId) => ({ assignment: exampleAssignment({ subtaskId }), inputs: [] })));
  await queue.close();
  const worker = new Worker(capabilityQueue(capability), null, { connection: redis, prefix, autorun: false });
  onTestFinished(() => worker.close());
  for (let job = await worker.getNextJob('token', { block: false }); job !== undefined; job = await worker.getNextJob('token', { block: false }))
    await job.moveToCompleted('done', 'token', false);
}

test('of what is done, a queue keeps the last thousand', async () => {
  await finish(Array.from({ length: count + 50 }, (_, index) => `s${index}`));
  const queue = openQueue(redis, prefix, capabilityQueue(capability));
  onTestFinished(() => queue.close());
  expect(await queue.getCompletedCount()).toBe(count);
  expect(await redis.xlen(queue.toKey('events'))).toBeLessThan(400);
});

test('what has been done for too long goes, although no other job is done', async () => {
  await finish(['old', 'new']);
  const queue = openQueue(redis, prefix, capabilityQueue(capability));
  onTestFinished(() => queue.close());
  const [old = ''] = (await queue.getRanges(['completed'], 0, -1)).filter((id) => id.includes('~old~'));
  const then = Date.now() - (age + 1) * 1_000;
  await redis.zadd(queue.toKey('completed'), then, old);
  await redis.hset(queue.toKey(old), 'finishedOn', then);
  expect(await trimFinishedJobs(redis, prefix)).toBe(1);
  expect(await queue.getRanges(['completed'], 0, -1)).toEqual([expect.stringContaining('~new~')]);
  expect(await redis.exists(queue.toKey(old))).toBe(0);
  expect(await trimFinishedJobs(redis, prefix)).toBe(0);
});

test('the requests of a producer that says nothing of it are kept no longer than ours, and its events are trimmed', async () => {
  const starts = await consumeStarts({
    redis,
    prefix,
    onStart: async ({ workflowId = '' }) => ({ status: 'started', workflowId, created: true }),
    onError: () => {},
  });
  onTestFinished(() => starts.close());
  // Who opens a queue last says how long its events may grow.
  const queue = new Queue(workflowsQueue, { connection: redis, prefix });
  onTestFinished(() => queue.close());
  await queue.waitUntilReady();
  await queue.addBulk(Array.from({ length: count + 20 }, (_, index) => ({ name: 'start', data: { workflow_id: `w${index}`, type: 't', params: {} } })));
  await vi.waitFor(async () => expect(await queue.getWaitingCount()).toBe(0), { timeout: 20_000, interval: 50 });
  await vi.waitFor(async () => expect(await queue.getCompletedCount()).toBe(count));
  expect(await redis.xlen(queue.toKey('events'))).toBeGreaterThan(1_000);
  await trimFinishedJobs(redis, prefix);
  expect(await redis.xlen(queue.toKey('events'))).toBeLessThan(400);
});
