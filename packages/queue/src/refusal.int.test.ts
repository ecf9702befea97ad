/** A Redis that answers and takes nothing for now: what agents do with it. */
import { partitionCount, type ReceivedReply } from '@baton/core';
import { replyMessage } from '@baton/protocol';
import { exampleAssignment, type RedisFixture, randomPrefix, startRedis } from '@baton/testkit';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { connectRedis, type Redis } from './connection.ts';
import { type Consumer, consumeCapability } from './consume.ts';
import type { Delivery, Verdict } from './delivery.ts';
import { createSubtaskQueue } from './dispatch.ts';
import { isPassingRefusal, onceTaken } from './refusal.ts';
import { createReplyReader } from './reply-reader.ts';

let fixture: RedisFixture;
let redis: Redis;
let prefix: string;
const errors: { error: Error; at: number }[] = [];
const closers: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  // One server: it is made full, and busy.
  fixture = await startRedis({ isSingle: true });
  redis = await connectRedis(fixture.url, { name: 'refusal-test' });
});
afterAll(async () => {
  redis?.disconnect();
  await fixture?.stop();
});
beforeEach(() => {
  prefix = randomPrefix();
  errors.length = 0;
});
afterEach(async () => {
  await redis.config('SET', 'maxmemory', '0');
  for (const close of closers.splice(0).toReversed()) await close();
});

const full = (): Promise<unknown> => redis.config('SET', 'maxmemory', '1');
const hasRoom = (): Promise<unknown> => redis.config('SET', 'maxmemory', '0');

async function consume(onAssignment: (delivery: Delivery) => Promise<Verdict>): Promise<Consumer> {
  const consumer = await consumeCapability({
    redis,
    prefix,
    capability: 'data.fetch',
    agent: 'a-1',
    concurrency: 4,
    lockMs: 30_000,
    stalledMs: 5_000,
    stallsMax: 2,
    onAssignment,
    onAbandoned: () => expect.unreachable(),
    onReplied: () => expect.unreachable(),
    onNewer: () => expect.unreachable(),
    onError: (error) => errors.push({ error, at: performance.now() }),
  });
  closers.push(() => consumer.close(0));
  return consumer;
}

async function dispatch(count: number): Promise<void> {
  const queue = createSubtaskQueue({ redis, prefix });
  closers.push(queue.close);
  await queue.dispatch(Array.from({ length: count }, (_, index) => ({ assignment: exampleAssignment({ subtaskId: `s${index}` }), inputs: [] })));
}

const done = ({ assignment }: Delivery): Verdict => ({
  kind: 'reply',
  reply: replyMessage(assignment, {
    outcome: { status: 'completed', result: 'done' },
    execution: { agent: 'a-1', attempt: 1, startedAt: Date.now(), finishedAt: Date.now() },
  }),
});

async function replies(count: number): Promise<readonly ReceivedReply[]> {
  const reader = createReplyReader({ redis, prefix });
  closers.push(reader.close);
  reader.own(Array.from({ length: partitionCount }, (_, partition) => partition));
  const all: ReceivedReply[] = [];
  await expect.poll(async () => all.push(...(await reader.read(100))), { timeout: 15_000 }).toBeGreaterThanOrEqual(count);
  return all;
}

test('work that is done while Redis is full is done once: the reply waits, and no attempt is counted', async () => {
  const runs = vi.fn<(attempt: number) => void>();
  const began = Promise.withResolvers<void>();
  const end = Promise.withResolvers<void>();
  await consume(async (delivery) => {
    runs(delivery.attempt);
    began.resolve();
    await end.promise;
    await delivery.onceCalls.keep('charge', '1');
    return done(delivery);
  });
  await dispatch(1);
  await began.promise;
  await full();
  end.resolve();
  // Refused at least once.
  await vi.waitFor(async () => expect(Number(/errorstat_OOM:count=(\d+)/.exec(await redis.info('errorstats'))?.[1] ?? 0)).toBeGreaterThan(0));
  await hasRoom();
  expect((await replies(1)).map(({ report }) => report?.outcome.status)).toEqual(['completed']);
  expect(runs.mock.calls).toEqual([[1]]);
});

test('who is refused a job does not ask a thousand times a second, and takes jobs when there is room', async () => {
  await dispatch(40);
  await full();
  await consume((delivery) => Promise.resolve(done(delivery)));
  const refused = () => errors.filter(({ error }) => isPassingRefusal(error)).map(({ at }) => at);
  await vi.waitFor(() => expect((refused().at(-1) ?? 0) - (refused()[0] ?? 0)).toBeGreaterThan(2_500), { timeout: 15_000 });
  expect(refused().length).toBeLessThan(40);
  await hasRoom();
  expect((await replies(40)).length).toBeGreaterThanOrEqual(40);
});

test('tells what passes from what does not', async () => {
  await full();
  const refused = await redis.set(`${prefix}:x`, '1').catch((error: unknown) => error);
  expect(isPassingRefusal(refused)).toBe(true);
  expect(isPassingRefusal(new Error('cannot write', { cause: refused }))).toBe(true);
  const transaction = await redis
    .multi()
    .hgetall(`${prefix}:x`)
    .exec()
    .catch((error: unknown) => error);
  expect(transaction).toMatchObject({ message: expect.stringContaining('EXECABORT') });
  expect(isPassingRefusal(transaction)).toBe(true);
  for (const message of ['BUSYGROUP Consumer Group name already exists', 'WRONGTYPE Operation', 'READ', 'it is OOM']) {
    expect([message, isPassingRefusal(new Error(message))]).toEqual([message, false]);
  }
  const aborted = AbortSignal.abort();
  await expect(onceTaken(() => redis.set(`${prefix}:x`, '1'), aborted)).rejects.toThrow(/^OOM/);
  const bug = vi.fn<() => Promise<never>>().mockRejectedValue(new TypeError('a bug'));
  await expect(onceTaken(bug, new AbortController().signal)).rejects.toThrow('a bug');
  expect(bug).toHaveBeenCalledTimes(1);
});
