import type { Problem, StartRequest } from '@baton/core';
import { type RedisFixture, randomPrefix, startRedis } from '@baton/testkit';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { connectRedis, type Redis } from './connection.ts';
import { openQueue } from './queue-handle.ts';
import { consumeStarts, createStartQueue, type StartOutcome, type StartQueue } from './start-queue.ts';

let fixture: RedisFixture;
let redis: Redis;
let prefix: string;
let starts: StartQueue;
const closers: (() => Promise<void>)[] = [];

beforeAll(async () => {
  fixture = await startRedis();
  redis = await connectRedis(fixture.url, { name: 'start-test' });
});
afterAll(async () => {
  redis?.disconnect();
  await fixture?.stop();
});
beforeEach(() => {
  prefix = randomPrefix();
  starts = createStartQueue(redis, prefix);
  closers.push(starts.close);
});
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

async function consume(onStart: (request: StartRequest) => Promise<StartOutcome>): Promise<void> {
  const consumer = await consumeStarts({ redis, prefix, onStart, onError: (error) => expect.unreachable(error.message) });
  closers.push(consumer.close);
}

async function ended(jobId: string) {
  const queue = openQueue(redis, prefix, 'workflows');
  closers.push(() => queue.close());
  await expect.poll(async () => ['completed', 'failed'].includes(await queue.getJobState(jobId))).toBe(true);
  const job = await queue.getJob(jobId);
  return { value: job?.returnvalue, reason: job?.failedReason, attempts: job?.attemptsMade };
}

test('a start is answered with the workflow', async () => {
  const requests: StartRequest[] = [];
  await consume(async (request) => {
    requests.push(request);
    return { status: 'started', workflowId: request.workflowId as string, created: true };
  });
  const { jobId } = await starts.enqueue({ workflow_id: 'wf_1', type: 'sales_dashboard', version: 'latest', params: { source: 'a.csv' } });
  expect((await ended(jobId)).value).toEqual({ workflow_id: 'wf_1', created: true });
  const asked = { workflowId: 'wf_1', type: 'sales_dashboard', version: 'latest', params: { source: 'a.csv' }, paramsBytesMax: 256 * 1024 };
  expect(requests).toEqual([{ ...asked, caller: 'queue/workflows' }]);
});

test('a start without an id keeps the id it got when its job runs again', async () => {
  const ids: unknown[] = [];
  await consume(async ({ workflowId }) => {
    ids.push(workflowId);
    if (ids.length === 1) throw new Error('Redis went away after the commit');
    return { status: 'started', workflowId: workflowId as string, created: false };
  });
  const { jobId } = await starts.enqueue({ type: 'sales_dashboard' }, { backoff: 1 });
  expect((await ended(jobId)).value).toEqual({ workflow_id: ids[0], created: false });
  expect(ids[0]).toMatch(/^wf_[0-9a-f]{24}$/);
  expect(ids).toEqual([ids[0], ids[0]]);
});

test('bad input fails at once, with all problems as JSON', async () => {
  await consume(async () => expect.unreachable());
  const job = await openQueue(redis, prefix, 'workflows').add('start', { params: [], surprise: 1 }, { attempts: 5 });
  const { reason, attempts } = await ended(job.id as string);
  const problems = JSON.parse(reason ?? '') as Problem[];
  expect(problems.map(({ path }) => path)).toEqual(expect.arrayContaining(['/params']));
  expect(problems.some(({ message }) => message.includes('surprise'))).toBe(true);
  expect(attempts).toBe(1);
});

test('what the engine refuses fails at once too', async () => {
  const problems = [{ path: '/type', code: 'unknown_type', message: 'There is no type "x".' }];
  await consume(async () => ({ status: 'refused', problems }));
  const { jobId } = await starts.enqueue({ type: 'x' });
  expect(await ended(jobId)).toEqual({ value: null, reason: JSON.stringify(problems), attempts: 1 });
});
