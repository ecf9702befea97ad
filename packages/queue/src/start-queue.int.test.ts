import type { Problem, StartRequest } from '@baton/core';
import { type RedisFixture, randomPrefix, startRedis, startTcpProxy, type TcpProxy } from '@baton/testkit';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { connectRedis, type Redis } from './connection.ts';
import { openQueue } from './queue-handle.ts';
import { consumeStarts, createStartQueue, EnqueueError, type StartOutcome, type StartQueue } from './start-queue.ts';

let fixture: RedisFixture;
let redis: Redis;
let prefix: string;
let starts: StartQueue;
const closers: (() => Promise<void>)[] = [];

beforeAll(async () => {
  // One server: it is made full, and taken away.
  fixture = await startRedis({ isSingle: true });
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

test('a start without an id is given one, which is told, and keeps it when its job runs again', async () => {
  const ids: unknown[] = [];
  await consume(async ({ workflowId }) => {
    ids.push(workflowId);
    if (ids.length === 1) throw new Error('Redis went away after the commit');
    return { status: 'started', workflowId: workflowId as string, created: false };
  });
  const { jobId, workflowId: told } = await starts.enqueue({ type: 'sales_dashboard' }, { backoff: 1 });
  expect((await ended(jobId)).value).toEqual({ workflow_id: ids[0], created: false });
  expect(ids[0]).toMatch(/^wf_[0-9a-f]{24}$/);
  expect(ids).toEqual([told, told]);
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

test('a job that some other producer has added without an id gets one from its job, each time the same', async () => {
  const ids: unknown[] = [];
  await consume(async ({ workflowId }) => {
    ids.push(workflowId);
    if (ids.length === 1) throw new Error('Redis went away after the commit');
    return { status: 'started', workflowId: workflowId as string, created: false };
  });
  const job = await openQueue(redis, prefix, 'workflows').add('start', { type: 'sales_dashboard' }, { attempts: 2, backoff: 1 });
  await ended(job.id as string);
  expect(ids[0]).toMatch(/^wf_[0-9a-f]{24}$/);
  expect(ids).toEqual([ids[0], ids[0]]);
});

describe('where Redis does not take it', () => {
  test.each([
    ['there is no connection', (proxy: TcpProxy) => proxy.block()],
    ['nothing passes any more', (proxy: TcpProxy) => proxy.stall()],
  ])('%s: an error in time, with the id to go on with, and with that id it is accepted later', async (_name, fail) => {
    const proxy = await startTcpProxy(fixture.port);
    const own = await connectRedis(`redis://127.0.0.1:${proxy.port}`, { name: 'producer-test' });
    const producer = createStartQueue(own, prefix);
    closers.push(proxy.stop, async () => own.disconnect());
    fail(proxy);
    const failed = await producer.enqueue({ type: 'sales_dashboard' }, { timeoutMs: 300 }).catch((error: unknown) => error);
    expect(failed).toBeInstanceOf(EnqueueError);
    const { workflowId, message, code } = failed as EnqueueError;
    expect([code, message]).toEqual(['REDIS_UNREACHABLE', expect.stringContaining(`with the workflow_id "${workflowId}"`)]);
    proxy.mend();
    expect(await producer.enqueue({ type: 'sales_dashboard', workflow_id: workflowId }, { timeoutMs: 10_000 })).toMatchObject({ workflowId });
  });

  test('nothing is queued later of what was refused for want of a connection', async () => {
    const proxy = await startTcpProxy(fixture.port);
    const own = await connectRedis(`redis://127.0.0.1:${proxy.port}`, { name: 'producer-test' });
    const producer = createStartQueue(own, prefix);
    closers.push(proxy.stop, async () => own.disconnect());
    proxy.block();
    await vi.waitFor(() => expect(own.status).not.toBe('ready'));
    await expect(producer.enqueue({ type: 'sales_dashboard' }, { timeoutMs: 100 })).rejects.toThrow(EnqueueError);
    proxy.mend();
    await own.ping();
    expect(await openQueue(redis, prefix, 'workflows').count()).toBe(0);
  });

  test('a Redis that is full is waited for, within the time', async () => {
    await redis.config('SET', 'maxmemory', '1');
    const accepted = starts.enqueue({ type: 'sales_dashboard' }, { timeoutMs: 10_000 });
    await expect(starts.enqueue({ type: 'sales_dashboard' }, { timeoutMs: 200 })).rejects.toThrow(EnqueueError);
    await redis.config('SET', 'maxmemory', '0');
    expect(await accepted).toMatchObject({ workflowId: expect.stringMatching(/^wf_/) });
    expect(await openQueue(redis, prefix, 'workflows').count()).toBe(1);
  });
});
