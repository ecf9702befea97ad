/** The API of a deployment of several shards: one workflow is where its id says, and lists, limits and queues are those of all. */

import { createClient } from '@baton/client';
import { shardOf } from '@baton/core';
import { connectRedis, type Redis, shardPrefixes } from '@baton/queue';
import { type RedisFixture, randomPrefix, startRedis } from '@baton/testkit';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { killApis, runApi, startApi } from './fixture/api-process.ts';
import { report } from './fixture/memory-api.ts';

const shards = 3;
const ids = Array.from({ length: 12 }, (_, index) => `wf${index}`);
let fixture: RedisFixture;
let redis: Redis;
beforeAll(async () => {
  fixture = await startRedis();
  redis = await connectRedis(fixture.url, { name: 'api-shards-test' });
});
afterAll(async () => {
  redis?.disconnect();
  await fixture?.stop();
});
afterEach(killApis);

test('starts, finds, lists, limits and examines over all shards', async () => {
  const prefix = randomPrefix();
  const environment = { BATON_REDIS_URL: fixture.url, BATON_PREFIX: prefix, BATON_SHARDS: String(shards) };
  const api = await startApi(environment);
  const client = createClient({ baseUrl: api.url });
  await client.registerType(report);
  for (const workflow_id of ids) expect(await client.start({ workflow_id, type: 'report', params: { source: 'a.csv' } })).toMatchObject({ created: true });
  const repeated = await client.start({ workflow_id: 'wf3', type: 'report', params: { source: 'a.csv' } });
  expect(repeated).toMatchObject({ workflow_id: 'wf3', created: false });

  const prefixes = shardPrefixes(prefix, shards);
  const stored = await Promise.all(ids.map((id) => redis.exists(`${prefixes[shardOf(id, shards)]}:wf:${id}`)));
  expect(stored).toEqual(ids.map(() => 1));
  expect((await client.get('wf3')).subtasks.map(({ status }) => status)).toEqual(['assigned', 'pending']);
  const [first, all] = [await client.list({ limit: 5 }), await client.list({ limit: 50 })];
  expect(first.workflows).toEqual(all.workflows.slice(0, 5));
  expect(all.workflows.map(({ workflow_id }) => workflow_id)).toEqual(ids.toReversed());
  const restarted = await client.restart('wf3', { workflow_id: 'other' });
  expect(restarted).toMatchObject({ workflow_id: 'other', outcome: 'applied' });
  expect(shardOf('other', shards)).not.toBe(shardOf('wf3', shards));

  await expect(client.limitCapability('data.fetch', { concurrency: shards - 1 })).rejects.toThrow('divided among the 3 shards');
  expect(await client.limitCapability('data.fetch', { concurrency: 7 })).toMatchObject({ concurrency: 7, queued: ids.length + 1 });
  await expect(client.limitType('report', { max_active: 1 })).rejects.toThrow('divided among the 3 shards');
  expect(await client.limitType('report', { max_active: 40 })).toMatchObject({ active: ids.length + 1, max_active: 40 });
  const board = (await (await fetch(`${api.url}/queues/api/queues`)).json()) as { queues: { name: string; counts: { waiting: number } }[] };
  const waiting = board.queues.filter(({ name }) => name.endsWith('cap.data.fetch')).map(({ counts }) => counts.waiting);
  expect(waiting.reduce((sum, count) => sum + count, 0)).toBe(ids.length + 1);
  const { findings } = await client.doctor();
  const owners = findings.find(({ code }) => code === 'partitions_without_owner');
  for (const each of prefixes) expect(owners?.message).toContain(`${each}: No partition has an owner`);
  expect(await api.stop()).toBe(0);

  const refused = await runApi({ ...environment, BATON_SHARDS: '2' });
  expect(refused).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('set BATON_SHARDS=3') });
});
