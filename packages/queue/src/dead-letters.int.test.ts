import { partitionOf } from '@baton/core';
import { assignmentMessage } from '@baton/protocol';
import { exampleAssignment, exampleReply, type RedisFixture, randomPrefix, startRedis } from '@baton/testkit';
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest';
import { announceCapabilities } from './capability-set.ts';
import { connectRedis, type Redis } from './connection.ts';
import { createDeadLetters, type DeadLetters } from './dead-letters.ts';
import { createReplyReader } from './reply-reader.ts';

let fixture: RedisFixture;
let redis: Redis;
let prefix: string;
let letters: DeadLetters;
beforeAll(async () => {
  fixture = await startRedis();
  redis = await connectRedis(fixture.url, { name: 'dead-test' });
}, 60_000);
afterAll(async () => {
  redis?.disconnect();
  await fixture?.stop();
});
beforeEach(async () => {
  prefix = randomPrefix();
  letters = createDeadLetters({ redis, prefix });
  await announceCapabilities(redis, prefix, ['data.fetch']);
});

const partition = partitionOf('wf_1');
const stream = (): string => `${prefix}:res.data.fetch.${partition}`;

function readerOf() {
  const reader = createReplyReader({ redis, prefix });
  onTestFinished(reader.close);
  reader.own([partition]);
  return reader;
}

/** What an orchestrator does with what it cannot read. */
async function reject(...entries: readonly (readonly string[])[]): Promise<void> {
  for (const entry of entries) await redis.xadd(stream(), '*', ...entry);
  const reader = readerOf();
  const bad = await reader.read(1_000);
  expect(bad).toHaveLength(entries.length);
  expect(bad.every(({ report }) => report === null)).toBe(true);
  await reader.reject(bad);
  expect(await redis.xlen(stream())).toBe(0);
}

test('newest first, in pages, with where it came from, when, why, and its beginning', async () => {
  const long = 'x'.repeat(5_000);
  await reject(['reply', 'first'], ['reply', long], ['other', 'fields']);
  expect(await letters.count()).toBe(3);
  const page = await letters.list({ limit: 2 });
  expect(page.hasMore).toBe(true);
  expect(page.letters).toMatchObject([
    { stream: `res.data.fetch.${partition}`, raw: '["other","fields"]', problems: [{ code: 'no_reply' }] },
    { raw: long.slice(0, 2_000), rawLength: 5_000, problems: [{ code: 'not_json' }] },
  ]);
  const [seconds] = await redis.time();
  expect(Math.abs(Number(seconds) * 1_000 - (page.letters[0]?.at ?? 0))).toBeLessThan(30_000);
  const next = await letters.list({ limit: 2, before: page.letters[1]?.id ?? '' });
  expect(next).toMatchObject({ hasMore: false, letters: [{ raw: 'first', rawLength: 5 }] });
  expect(await letters.list({ limit: 2, before: next.letters[0]?.id ?? '' })).toEqual({ hasMore: false, letters: [] });
});

test('replay: back into its stream as it was, and away from here, in one go', async () => {
  await reject(['reply', 'text'], ['reply', 'in a tree', 'awaited_in_queue', '1'], ['other', 'fields']);
  const [other, tree, text] = (await letters.list({ limit: 10 })).letters;
  for (const letter of [text, tree, other]) expect(await letters.replay(letter?.id ?? '')).toBe(true);
  expect(await letters.count()).toBe(0);
  expect((await redis.xrange(stream(), '-', '+')).map(([, fields]) => fields)).toEqual([
    ['reply', 'text'],
    ['reply', 'in a tree', 'awaited_in_queue', '1'],
    ['other', 'fields'],
  ]);
  expect(await letters.replay(text?.id ?? '')).toBe(false);
  expect(await redis.xlen(stream())).toBe(3);
});

test('a reply that can be read by now is read', async () => {
  const assignment = exampleAssignment();
  const reply = JSON.stringify(exampleReply(assignmentMessage(assignment, 'wf_1~fetch~1')));
  // As an older orchestrator would have put it aside.
  await redis.xadd(`${prefix}:dead`, '*', 'stream', stream(), 'reason', '[{"path":"","code":"too_new","message":"newer"}]', 'raw', reply);
  const reader = readerOf();
  expect(await reader.read(0)).toEqual([]);
  expect(await letters.replayAll()).toBe(1);
  expect(await reader.read(1_000)).toMatchObject([{ report: { workflowId: 'wf_1', outcome: { status: 'completed' } } }]);
});

test('a stream that refuses the write keeps it here', async () => {
  await reject(['reply', 'text']);
  await redis.del(stream());
  await redis.set(stream(), 'no stream');
  const [letter] = (await letters.list({ limit: 1 })).letters;
  await expect(letters.replay(letter?.id ?? '')).rejects.toThrow('WRONGTYPE');
  expect(await letters.count()).toBe(1);
});

test('replay of all: each once, in their order, however many', async () => {
  const count = 120;
  await reject(...Array.from({ length: count }, (_, index) => ['reply', `text ${index}`]));
  expect(await letters.replayAll()).toBe(count);
  expect([await letters.count(), await redis.xlen(stream())]).toEqual([0, count]);
  expect(await letters.replayAll()).toBe(0);
  expect((await redis.xrange(stream(), '-', '+')).map(([, fields]) => fields[1])).toEqual(Array.from({ length: count }, (_, index) => `text ${index}`));
});

test('sent back by two at once, it goes back once', async () => {
  await reject(['reply', 'text']);
  const [letter] = (await letters.list({ limit: 1 })).letters;
  const other = createDeadLetters({ redis, prefix });
  const isBack = await Promise.all([letters, other].map((each) => each.replay(letter?.id ?? '')));
  expect(isBack.filter(Boolean)).toHaveLength(1);
  expect(await redis.xlen(stream())).toBe(1);
});

test('drop: for good', async () => {
  await reject(['reply', 'text']);
  const [letter] = (await letters.list({ limit: 1 })).letters;
  expect(await letters.drop(letter?.id ?? '')).toBe(true);
  expect(await letters.drop(letter?.id ?? '')).toBe(false);
  expect([await letters.count(), await redis.xlen(stream())]).toEqual([0, 0]);
});
