/** What is left alone on real queues, by agents whose end is only that they renew nothing; time passes as the test says where it is days. */
import { setTimeout as delay } from 'node:timers/promises';
import { capabilityQueue } from '@baton/protocol';
import { exampleAssignment, exampleReply, type RedisFixture, randomPrefix, startRedis } from '@baton/testkit';
import { type Job, Worker } from 'bullmq';
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest';
import { payloadsIn } from './blob-store-option.ts';
import { knownCapabilities } from './capability-set.ts';
import { connectRedis, type Redis } from './connection.ts';
import { createSubtaskQueue } from './dispatch.ts';
import { createJanitor, type Janitor, type JanitorOptions, type Tidied } from './janitor.ts';
import { openQueue } from './queue-handle.ts';
import { registerAgent } from './registry.ts';
import { createReplyReader } from './reply-reader.ts';
import { appendReply } from './result-stream.ts';

const capability = 'data.fetch';
const lockMs = 200;
const day = 24 * 60 * 60_000;

let fixture: RedisFixture;
let redis: Redis;
let prefix: string;
beforeAll(async () => {
  fixture = await startRedis();
  redis = await connectRedis(fixture.url, { name: 'janitor-test' });
}, 60_000);
afterAll(async () => {
  redis?.disconnect();
  await fixture?.stop();
});
beforeEach(() => {
  prefix = randomPrefix();
});

function janitorOf(change: Partial<JanitorOptions> = {}) {
  // Whoever asks makes a round.
  return createJanitor({ redis, prefix, everyMs: 1, now: Date.now, onError: (error) => expect.unreachable(error.message), ...change });
}

const leaf = (change: Parameters<typeof exampleAssignment>[0]) => ({ assignment: exampleAssignment({ capability, ...change }), inputs: [] });

async function dispatch(...trees: Parameters<ReturnType<typeof createSubtaskQueue>['dispatch']>[0]): Promise<void> {
  const queue = createSubtaskQueue({ redis, prefix });
  await queue.dispatch(trees);
  await queue.close();
}

function queueOf(name = capability) {
  const queue = openQueue(redis, prefix, capabilityQueue(name));
  onTestFinished(() => queue.close());
  return queue;
}

/** An agent that takes the next job, and renews nothing unless it is told to. */
async function take(lockDuration = lockMs): Promise<{ readonly job: Job; readonly token: string }> {
  const worker = new Worker(capabilityQueue(capability), null, {
    connection: redis,
    prefix,
    autorun: false,
    lockDuration,
    settings: { backoffStrategy: (_, __, error) => Number(error?.message) },
  });
  onTestFinished(() => worker.close());
  const token = `token-${Math.random()}`;
  const job = await worker.getNextJob(token, { block: false });
  if (job === undefined) throw new Error('There is no job.');
  return { job, token };
}

/** Rounds until the condition holds, each after the time in which BullMQ looks only once. */
async function rounds(until: () => Promise<boolean>, change: Partial<JanitorOptions> = {}) {
  const janitor = janitorOf(change);
  const tidied: unknown[] = [];
  await expect
    .poll(
      async () => {
        tidied.push(...((await janitor.round()) ?? []));
        return await until();
      },
      { interval: 120, timeout: 10_000 },
    )
    .toBe(true);
  return tidied;
}

/** Its next round, as soon as it is its turn. */
async function nextRound(janitor: Janitor): Promise<readonly Tidied[]> {
  let tidied: readonly Tidied[] | null = null;
  await expect.poll(async () => (tidied = await janitor.round()), { interval: 5 }).not.toBeNull();
  return tidied ?? [];
}

async function replies() {
  const reader = createReplyReader({ redis, prefix });
  reader.own(Array.from({ length: 16 }, (_, partition) => partition));
  const read = await reader.read(0);
  await reader.close();
  return read.map(({ report }) => report);
}

test('what a dead agent left waits again, at the head, and the next agent has it at the same attempt', async () => {
  await dispatch(leaf({ subtaskId: 'left' }));
  await take();
  await dispatch(leaf({ subtaskId: 'later' }));
  const tidied = await rounds(async () => (await queueOf().getActiveCount()) === 0);
  expect(tidied).toEqual([{ capability, putBack: 1, givenUp: 0, isForgotten: false }]);
  const { job } = await take();
  expect([job.data.metadata.subtask_id, job.attemptsMade, job.stalledCounter]).toEqual(['left', 0, 1]);
});

test('an agent that lives keeps its job, whether it says that it lives or not', async () => {
  // A busy machine must not be what lets it expire.
  const longMs = 1_500;
  await dispatch(leaf({}));
  const { job, token } = await take(longMs);
  const janitors = [janitorOf(), janitorOf()];
  // Twice as long as the lock lasts, were it not renewed as an agent does it.
  for (const until = Date.now() + 2 * longMs; Date.now() < until; await delay(60)) {
    expect(await job.extendLock(token, longMs)).toBe(1);
    await Promise.all(janitors.map((janitor) => janitor.round()));
  }
  expect(await job.isActive()).toBe(true);
  await job.moveToCompleted({}, token, false);
  expect(await queueOf().getJobCounts('completed', 'waiting')).toEqual({ completed: 1, waiting: 0 });
});

test('a queue that an agent serves is its own business', async () => {
  await dispatch(leaf({}));
  await take(1);
  const entry = { id: 'agent-1', name: 'agent', version: '1', host: 'h', pid: 1, concurrency: 1, capabilities: [{ name: capability }] };
  const { close } = await registerAgent({ redis, prefix, entry: entry as never, onError: (error) => expect.unreachable(error.message) });
  for (let round = 0; round < 4; round += 1) expect(await nextRound(janitorOf())).toEqual([]);
  expect(await queueOf().getActiveCount()).toBe(1);
  await close();
  await rounds(async () => (await queueOf().getActiveCount()) === 0);
});

test('what was left alone too often is answered as lost, and gone; what stands behind it in a tree is released', async () => {
  const root = { ...leaf({ subtaskId: 'root', capability: 'data.clean', inputs: ['leaf'] }), inputs: [leaf({ subtaskId: 'leaf' })] };
  await dispatch(root);
  for (let death = 0; death < 3; death += 1) {
    await take();
    await rounds(async () => (await queueOf().getActiveCount()) === 0);
  }
  await rounds(async () => (await replies()).length > 0);
  expect(await replies()).toMatchObject([{ subtaskId: 'leaf', outcome: { status: 'failed', error: { code: 'AGENT_LOST' } }, execution: { agent: 'janitor' } }]);
  expect(await queueOf().getJobCounts('waiting', 'active', 'failed')).toEqual({ waiting: 0, active: 0, failed: 0 });
  expect(await queueOf('data.clean').getJobCounts('waiting', 'waiting-children')).toEqual({ waiting: 1, 'waiting-children': 0 });
});

test('… but with what was replied, where it was', async () => {
  const assignment = exampleAssignment({ capability });
  await dispatch({ assignment, inputs: [] });
  const { job } = await take();
  await appendReply(
    { redis, prefix, payloads: payloadsIn({ redis, prefix }) },
    { capability, partition: job.data.metadata.partition, jobId: String(job.id), reply: exampleReply(job.data, 'agent-1') },
  );
  await rounds(async () => (await queueOf().getJobCountByTypes('active', 'waiting')) === 0, { stallsMax: 0 });
  const said = await replies();
  expect(said).toHaveLength(2);
  expect(said[1]).toMatchObject({ outcome: { status: 'completed' }, execution: { agent: 'agent-1' } });
});

test('… but of a newer version it is left to a newer one', async () => {
  const newer = createSubtaskQueue({ redis, prefix, schema: { version: 2, upgrades: {} } });
  await newer.dispatch([leaf({})]);
  await newer.close();
  await take();
  // One round finds it left alone, and with no more stalls allowed, too often.
  await rounds(async () => (await queueOf().getWaitingCount()) === 1, { stallsMax: 0 });
  expect(await janitorOf({ stallsMax: 0 }).round()).toEqual([]);
  expect(await queueOf().getWaitingCount()).toBe(1);
});

test('the next attempt waits for its time, and then for an agent', async () => {
  await dispatch(leaf({ subtaskId: 'now' }), leaf({ subtaskId: 'later' }));
  for (const waitMs of ['1', '60000']) {
    const { job, token } = await take(60_000);
    await job.moveToFailed(new Error(waitMs), token, false);
  }
  await rounds(async () => (await queueOf().getWaitingCount()) === 1);
  expect(await queueOf().getDelayedCount()).toBe(1);
});

test('one of all makes a round, and the next one comes when its time has', async () => {
  await dispatch(leaf({}));
  const made = await Promise.all([1, 2, 3].map(() => janitorOf({ everyMs: 300 }).round()));
  expect(made.filter((round) => round !== null)).toHaveLength(1);
  expect(await janitorOf({ everyMs: 300 }).round()).toBeNull();
  await expect.poll(() => janitorOf({ everyMs: 300 }).round()).not.toBeNull();
});

test('a capability that nobody has used for a week is forgotten, and nothing is left of it', async () => {
  let now = Date.now();
  const janitor = janitorOf({ now: () => now });
  const round = async (laterMs: number) => {
    now += laterMs;
    return await nextRound(janitor);
  };
  await dispatch(leaf({}), leaf({ subtaskId: 'other', capability: 'data.limited' }));
  const limited = createSubtaskQueue({ redis, prefix });
  onTestFinished(() => limited.close());
  await limited.limitConcurrency('data.limited', 3);
  const { job, token } = await take(60_000);
  expect(await round(0)).toEqual([]);
  expect(await round(8 * day)).toEqual([]);

  await job.moveToCompleted(exampleReply(job.data, 'agent-1'), token, false);
  await queueOf('data.limited').remove((await queueOf('data.limited').getWaiting())[0]?.id as string);
  await appendReply(
    { redis, prefix, payloads: payloadsIn({ redis, prefix }) },
    { capability, partition: 3, jobId: String(job.id), reply: exampleReply(job.data, 'agent-1') },
  );
  await round(0);
  // A reply that is not settled is work, too.
  expect(await round(8 * day)).toEqual([]);
  await redis.xtrim(`${prefix}:res.${capability}.3`, 'MAXLEN', 0);
  await round(0);
  expect(await round(6 * day)).toEqual([]);
  expect(await round(2 * day)).toEqual([{ capability, putBack: 0, givenUp: 0, isForgotten: true }]);
  expect(await knownCapabilities(redis, prefix)).toEqual(['data.limited']);
  const left = await redis.keys(`${prefix}:*${capability}*`);
  expect(left).toEqual([]);
  expect(await queueOf('data.limited').getGlobalConcurrency()).toBe(3);
});

test('one that is used again in time is not', async () => {
  let now = Date.now();
  const janitor = janitorOf({ now: () => now });
  await dispatch(leaf({}));
  await queueOf().remove((await queueOf().getWaiting())[0]?.id as string);
  await janitor.round();
  await dispatch(leaf({ subtaskId: 'again' }));
  now += 8 * day;
  expect(await nextRound(janitor)).toEqual([]);
  expect(await queueOf().getWaitingCount()).toBe(1);
  expect(await redis.zcard(`${prefix}:capabilities.idle`)).toBe(0);
});
