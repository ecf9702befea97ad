/** Starts that wait for a place, on a real start queue; what there is room for is the test's to say. */
import type { StartRequest } from '@baton/core';
import { type RedisFixture, randomPrefix, startRedis } from '@baton/testkit';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { connectRedis, type Redis } from './connection.ts';
import { openQueue, type Queue } from './queue-handle.ts';
import { consumeStarts, createStartQueue, type StartConsumer, type StartOutcome, type StartQueue } from './start-queue.ts';
import { readWaitingStarts, type WaitsFor } from './waiting-starts.ts';

let fixture: RedisFixture;
let redis: Redis;
let prefix: string;
let starts: StartQueue;
let queue: Queue;
let active: string[];
let begun: string[];
let asked: number;
let max: number;
const closers: (() => Promise<void>)[] = [];

beforeAll(async () => {
  fixture = await startRedis();
  redis = await connectRedis(fixture.url, { name: 'waiting-test' });
});
afterAll(async () => {
  redis?.disconnect();
  await fixture?.stop();
});
beforeEach(() => {
  prefix = randomPrefix();
  starts = createStartQueue(redis, prefix);
  queue = openQueue(redis, prefix, 'workflows');
  closers.push(starts.close, () => queue.close());
  [active, begun, asked, max] = [[], [], 0, 2];
});
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

/** As the engine would: so many of the type `slow`, and as many others as come. */
async function onStart({ workflowId, type }: StartRequest): Promise<StartOutcome> {
  asked += 1;
  if (type === 'slow' && active.length >= max) return { status: 'waits', waitsFor: { limit: 'type', of: 'slow' } };
  if (type === 'slow') active.push(workflowId as string);
  begun.push(workflowId as string);
  return { status: 'started', workflowId: workflowId as string, created: true };
}

const room = async ({ limit, of }: WaitsFor): Promise<number> => (limit === 'type' && of === 'slow' ? max - active.length : 0);

async function consume(): Promise<StartConsumer> {
  // One at a time, so that the order in which they are tried is that in which they came.
  const consumer = await consumeStarts({ redis, prefix, onStart, room, concurrency: 1, onError: (error) => expect.unreachable(error.message) });
  closers.push(consumer.close);
  return consumer;
}

async function enqueue(...ids: readonly string[]): Promise<void> {
  for (const workflow_id of ids)
    await starts.enqueue({ workflow_id, type: workflow_id.startsWith('slow') ? 'slow' : 'quick', params: {} }, { jobId: `job-${workflow_id}` });
}

const names = (count: number) => Array.from({ length: count }, (_, index) => `slow${String(index).padStart(2, '0')}`);

test('those for which there is no place wait, in the order in which they came, and hold up no others', async () => {
  const slow = names(12);
  await enqueue(...slow, 'quick');
  const { wake } = await consume();
  await expect.poll(() => begun).toEqual(['slow00', 'slow01', 'quick']);
  await expect.poll(() => readWaitingStarts(redis, prefix)).toMatchObject([{ limit: 'type', of: 'slow', starts: 10 }]);
  expect(await queue.getJobCounts('delayed', 'waiting', 'active')).toEqual({ delayed: 10, waiting: 0, active: 0 });

  // Two end at a time, and somebody comes who must not be served before those that wait.
  await enqueue('slow99');
  for (let ended = 0; ended < 12; ended += 2) {
    await expect.poll(() => active.length).toBe(2);
    active = [];
    wake();
  }
  await expect.poll(() => begun).toEqual([...slow.slice(0, 2), 'quick', ...slow.slice(2), 'slow99']);
  expect(await readWaitingStarts(redis, prefix)).toEqual([]);
  await expect.poll(() => queue.getJobCounts('completed', 'delayed', 'failed')).toEqual({ completed: 14, delayed: 0, failed: 0 });
  const last = await queue.getJob('job-slow11');
  expect(last?.attemptsMade).toBe(1);
  // Nobody asked again and again in vain: twelve of them were asked for once or twice.
  expect(asked).toBeLessThanOrEqual(2 * 12 + 2);
  expect(await redis.keys(`${prefix}:starts*`)).toEqual([]);
});

test('what waits at a consumer that is gone is let in by the next one', async () => {
  max = 0;
  const first = await consume();
  await enqueue('slow0', 'slow1');
  await expect.poll(() => readWaitingStarts(redis, prefix)).toMatchObject([{ starts: 2 }]);
  await first.close();
  max = 2;
  await consume();
  await expect.poll(() => begun).toEqual(['slow0', 'slow1']);
});

test('one whose job somebody removed is forgotten, and one that the list lost tries again by itself', async () => {
  max = 0;
  await consume();
  await enqueue('slow0', 'slow1', 'slow2');
  await expect.poll(() => readWaitingStarts(redis, prefix)).toMatchObject([{ starts: 3 }]);
  await queue.remove('job-slow0');
  await redis.zrem(`${prefix}:starts:type/slow`, 'job-slow1');
  max = 2;
  await expect.poll(() => begun).toEqual(['slow2']);
  const lost = await queue.getJob('job-slow1');
  expect(await lost?.isDelayed()).toBe(true);
  expect(lost?.delay).toBeGreaterThan(60_000);
  await lost?.promote();
  await expect.poll(() => begun).toEqual(['slow2', 'slow1']);
});
