/** Shards as the processes of a deployment find them, and what is asked of the queues of all at once. */
import { shardOf } from '@baton/core';
import { capabilityQueue } from '@baton/protocol';
import { exampleAssignment, type RedisFixture, randomPrefix, startRedis } from '@baton/testkit';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { connectRedis, type Redis } from './connection.ts';
import { rejectReplies } from './dead-letters.ts';
import { deadLettersOf } from './dead-letters-of-shards.ts';
import { createSubtaskQueue } from './dispatch.ts';
import { openQueue } from './queue-handle.ts';
import { queuesOf } from './queues.ts';
import { streamKey } from './result-stream.ts';
import { findShards, openShards, shardPrefixes } from './shards.ts';

let fixture: RedisFixture;
let redis: Redis;
let prefix: string;
beforeAll(async () => {
  fixture = await startRedis();
  redis = await connectRedis(fixture.url, { name: 'shards-test' });
}, 60_000);
afterAll(async () => {
  redis?.disconnect();
  await fixture?.stop();
});
beforeEach(() => void (prefix = randomPrefix()));

test('the first process says how many shards there are, and every other one must say the same', async () => {
  expect(await findShards(redis, prefix, 2)).toEqual(shardPrefixes(prefix, 2));
  expect(await openShards(redis, prefix, 3)).toEqual(shardPrefixes(prefix, 3));
  expect(await openShards(redis, prefix, 3)).toEqual(await findShards(redis, prefix, 3));
  for (const open of [openShards, findShards]) {
    await expect(open(redis, prefix, 2)).rejects.toThrow(`The deployment ${prefix} has 3 shards, which is fixed: set BATON_SHARDS=3 (2 was given)`);
    await expect(open(redis, prefix, 1)).rejects.toMatchObject({ code: 'OTHER_SHARDS', exitCode: 2 });
  }
});

test('a deployment from before there were shards has one', async () => {
  await redis.sadd(`${prefix}:capabilities`, 'data.fetch');
  await expect(openShards(redis, prefix, 3)).rejects.toThrow('has one shard, which is fixed: set BATON_SHARDS=1');
  expect(await openShards(redis, prefix, 1)).toEqual([prefix]);
});

test('a limit is divided so that the shares make it up; facts are told of each job, and summed of a capability', async () => {
  const prefixes = shardPrefixes(prefix, 3);
  const own = prefixes.map((each) => createSubtaskQueue({ redis, prefix: each }));
  const queues = queuesOf(own);
  await queues.limitConcurrency('data.fetch', 8);
  const limits = await Promise.all(prefixes.map((each) => openQueue(redis, each, capabilityQueue('data.fetch')).getGlobalConcurrency()));
  expect(limits).toEqual([3, 3, 2]);
  const assignments = Array.from({ length: 6 }, (_, index) => exampleAssignment({ workflowId: `wf${index}` }));
  for (const assignment of assignments) await own[shardOf(assignment.workflowId, 3)]?.dispatch([{ assignment, inputs: [] }]);
  expect(await queues.capabilities(['data.fetch', 'other'])).toEqual([
    { capability: 'data.fetch', agents: 0, queued: 6, active: 0, limit: 8 },
    { capability: 'other', agents: 0, queued: 0, active: 0, limit: null },
  ]);
  const missing = { ...exampleAssignment({ workflowId: 'nobody' }) };
  const facts = await queues.facts([missing, ...assignments]);
  expect(facts.map(({ state }) => state)).toEqual(['missing', ...assignments.map(() => 'queued')]);
  await queues.limitConcurrency('data.fetch', null);
  expect(await queues.capabilities(['data.fetch'])).toMatchObject([{ limit: null }]);
  await Promise.all(own.map((queue) => queue.close()));
});

test('dead letters of all shards are one list, page by page, and each is replayed where it lies', async () => {
  const prefixes = shardPrefixes(prefix, 3);
  const letters = deadLettersOf({ redis, prefixes });
  for (let index = 0; index < 12; index += 1) {
    const home = prefixes[index % 3] as string;
    const stream = streamKey(home, 'data.fetch', 0);
    await rejectReplies(redis, home, [{ stream, id: '1-1', report: null, isAwaitedInQueue: false, raw: `${index}`, problems: [] }]);
  }
  const seen: string[] = [];
  for (let before: string | undefined; ; ) {
    const page = await letters.list({ limit: 5, ...(before !== undefined && { before }) });
    seen.push(...page.letters.map(({ id }) => id));
    before = page.letters.at(-1)?.id;
    if (!page.hasMore) break;
  }
  expect(new Set(seen).size).toBe(12);
  expect(seen.map((id) => Number(id.split('-')[0]))).toEqual(seen.map((id) => Number(id.split('-')[0])).toSorted((one, other) => other - one));
  expect(await letters.count()).toBe(12);
  const [first, second] = seen as [string, string];
  expect([
    await letters.replay(first),
    await letters.replay(first),
    await letters.drop(second),
    await letters.drop('1-1'),
    await letters.drop('1-1.9'),
  ]).toEqual([true, false, true, false, false]);
  const streams = await Promise.all(prefixes.map((each) => redis.xlen(streamKey(each, 'data.fetch', 0))));
  expect(streams.reduce((sum, length) => sum + length, 0)).toBe(1);
  expect(streams[Number(first.split('.')[1])]).toBe(1);
  expect(await letters.replayAll()).toBe(10);
});
