/** What the flags mean, and what reading them costs, counted by Redis itself. */
import { type RedisFixture, randomPrefix, startRedis } from '@baton/testkit';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { connectRedis, type Redis } from './connection.ts';
import { type ControlFlags, type ControlRef, controlFlagsOf, createControlFlags } from './control-flags.ts';
import { serverOf } from './shards.ts';

let fixture: RedisFixture;
let redis: Redis;
let prefix: string;
let flags: ControlFlags;
const unwatches: (() => void)[] = [];

beforeAll(async () => {
  fixture = await startRedis();
  redis = await connectRedis(fixture.url, { name: 'flags-test' });
});
afterAll(async () => {
  redis?.disconnect();
  await fixture?.stop();
});
beforeEach(() => {
  prefix = randomPrefix();
  flags = createControlFlags(redis, prefix);
});
afterEach(() => {
  for (const unwatch of unwatches.splice(0)) unwatch();
});

const ref = (change: Partial<ControlRef> = {}): ControlRef => ({ workflowId: 'wf_1', subtaskId: 'fetch', generation: 1, ...change });
const set = async (field: string, flag: string, workflowId = 'wf_1'): Promise<unknown> => await redis.hset(`${prefix}:ctl:${workflowId}`, field, flag);
const onError = (error: Error): void => expect.unreachable(error.message);

function watch(watched: ControlRef): { cancelled: number } {
  const seen = { cancelled: 0 };
  unwatches.push(flags.watch(watched, { onCancelled: () => (seen.cancelled += 1), onError }));
  return seen;
}

/** Runs the work and says what Redis did for it beyond answering the question. */
async function cost(work: () => Promise<unknown>): Promise<{ readonly exists: number; readonly hmget: number; readonly reads: number }> {
  const counts = async () => {
    const [stats, commands] = [await serverOf(redis, prefix).info('stats'), await serverOf(redis, prefix).info('commandstats')];
    const calls = (name: string): number => Number(new RegExp(`cmdstat_${name}:calls=(\\d+)`).exec(commands)?.[1] ?? 0);
    return { reads: Number(/total_reads_processed:(\d+)/.exec(stats)?.[1]), exists: calls('exists'), hmget: calls('hmget') };
  };
  const before = await counts();
  await work();
  const after = await counts();
  // Two questions: the second of the first pair, and the first of the second.
  return { exists: after.exists - before.exists, hmget: after.hmget - before.hmget, reads: after.reads - before.reads - 2 };
}

describe('before an attempt', () => {
  test.each<[what: string, field: string, flag: string, isHeld: boolean]>([
    ['a paused workflow', '*', 'paused', true],
    ['a cancelled workflow', '*', 'cancelled:0', true],
    ['a workflow cancelled with grace: it is for what runs', '*', 'cancelled:99999999999999', true],
    ['the dispatch itself', 'fetch~1', 'cancelled:0', true],
    ['another generation', 'fetch~2', 'cancelled:0', false],
    ['another subtask', 'clean~1', 'cancelled:0', false],
    ['what nobody understands', '*', 'hello', false],
  ])('%s', async (_what, field, flag, isHeld) => {
    await set(field, flag);
    expect(await flags.isHeld(ref())).toBe(isHeld);
  });

  test('a resumed workflow goes on; one without flags was never stopped', async () => {
    await set('*', 'paused');
    await redis.hdel(`${prefix}:ctl:wf_1`, '*');
    expect(await flags.isHeld(ref())).toBe(false);
    expect(await flags.isHeld(ref({ workflowId: 'wf_2' }))).toBe(false);
  });

  test('each check of many gets its own answer', async () => {
    await set('enrich[3]~1', 'cancelled:0');
    await set('*', 'paused', 'wf_2');
    const refs = [ref(), ref({ subtaskId: 'enrich[3]' }), ref({ workflowId: 'wf_2' }), ref({ subtaskId: 'enrich[33]' }), ref({ workflowId: 'wf_3' })];
    expect(await Promise.all(refs.map((each) => flags.isHeld(each)))).toEqual([false, true, true, false, false]);
  });

  test('many in one turn of the event loop are one question, and where a workflow has flags, one more for each workflow', async () => {
    const refs = Array.from({ length: 200 }, (_, index) => ref({ workflowId: `wf_${index % 5}`, subtaskId: `item[${index}]` }));
    await flags.isHeld(ref());
    const ask = () => Promise.all(refs.map((each) => flags.isHeld(each)));
    expect(await cost(ask)).toEqual({ exists: 1, hmget: 0, reads: 1 });
    await set('*', 'paused', 'wf_3');
    expect(await cost(ask)).toEqual({ exists: 1, hmget: 5, reads: 2 });
  });

  test('a hash that goes with a check is read in the same round trip, each its own', async () => {
    const key = (index: number): string => `${prefix}:hash:${index}`;
    for (const index of [0, 1]) await redis.hset(key(index), 'which', `number ${index}`);
    const checks = [0, 1, 2].map((index) => () => flags.isHeldWith(ref({ subtaskId: `item[${index}]` }), key(index)));
    const checked: unknown[] = [];
    const work = async () => void checked.push(...(await Promise.all([...checks.map((check) => check()), flags.isHeld(ref())])));
    expect(await cost(work)).toEqual({ exists: 1, hmget: 0, reads: 1 });
    await set('item[1]~1', 'cancelled:0');
    expect(await cost(work)).toEqual({ exists: 1, hmget: 1, reads: 2 });
    expect(checked.slice(4)).toEqual([
      { isHeld: false, hash: { which: 'number 0' } },
      { isHeld: true, hash: { which: 'number 1' } },
      { isHeld: false, hash: {} },
      false,
    ]);
  });

  test('an error is told to everybody who asked, and the next check is asked anew', async () => {
    await redis.set(`${prefix}:ctl:wf_1`, 'not a hash');
    const asked = [flags.isHeld(ref()), flags.isHeld(ref({ subtaskId: 'clean' }))];
    for (const answer of await Promise.allSettled(asked)) expect(answer).toMatchObject({ status: 'rejected', reason: { message: /WRONGTYPE/ } });
    await redis.del(`${prefix}:ctl:wf_1`);
    expect(await flags.isHeld(ref())).toBe(false);
  });
});

describe('while an attempt runs', () => {
  test('it is told once that it was cancelled, and a pause does not touch it', async () => {
    const [one, other, paused] = [watch(ref()), watch(ref({ subtaskId: 'clean' })), watch(ref({ workflowId: 'wf_2' }))];
    await set('*', 'paused', 'wf_2');
    await set('fetch~1', 'cancelled:0');
    await expect.poll(() => one.cancelled).toBe(1);
    expect([other.cancelled, paused.cancelled]).toEqual([0, 0]);
  });

  test('a grace is waited for', async () => {
    const [patient, hurried] = [watch(ref({ workflowId: 'wf_2' })), watch(ref())];
    await set('*', `cancelled:${Date.now() + 60_000}`, 'wf_2');
    await set('*', `cancelled:${Date.now()}`);
    await expect.poll(() => hurried.cancelled).toBe(1);
    expect(patient.cancelled).toBe(0);
  });

  test('all that run are looked at together, and when nothing runs nobody looks', async () => {
    const looks = async (): Promise<number> => Number(/cmdstat_hmget:calls=(\d+)/.exec(await serverOf(redis, prefix).info('commandstats'))?.[1] ?? 0);
    const last = watch(ref({ workflowId: 'wf_2' }));
    for (let index = 0; index < 50; index += 1) watch(ref({ subtaskId: `item[${index}]` }));
    const before = await looks();
    await set('*', 'cancelled:0', 'wf_2');
    await expect.poll(() => last.cancelled).toBe(1);
    // Two workflows, and the look that found it; at most one had come before.
    expect((await looks()) - before).toBeLessThanOrEqual(4);
    for (const unwatch of unwatches.splice(0)) unwatch();
    const after = await looks();
    // The looks of another connection's worth of consumers go on: by its second one, ours would have come.
    const others = createControlFlags(redis, prefix);
    const seen = { first: 0, second: 0 };
    unwatches.push(others.watch(ref({ workflowId: 'wf_2' }), { onCancelled: () => (seen.first += 1), onError }));
    await expect.poll(() => seen.first).toBe(1);
    unwatches.push(others.watch(ref({ workflowId: 'wf_2' }), { onCancelled: () => (seen.second += 1), onError }));
    await expect.poll(() => seen.second).toBe(1);
    expect((await looks()) - after).toBe(2);
    expect(last.cancelled).toBe(1);
  });

  test('a look that fails is told, and the next one comes', async () => {
    const errors: string[] = [];
    let isCancelled = false;
    await redis.set(`${prefix}:ctl:wf_1`, 'not a hash');
    unwatches.push(flags.watch(ref(), { onCancelled: () => (isCancelled = true), onError: ({ message }) => errors.push(message) }));
    await expect.poll(() => errors[0]).toMatch(/WRONGTYPE/);
    await redis.del(`${prefix}:ctl:wf_1`);
    await set('*', 'cancelled:0');
    await expect.poll(() => isCancelled).toBe(true);
  });
});

test('consumers of one connection share their reads', () => {
  expect(controlFlagsOf(redis, prefix)).toBe(controlFlagsOf(redis, prefix));
  expect(controlFlagsOf(redis, prefix)).not.toBe(controlFlagsOf(redis, randomPrefix()));
});
