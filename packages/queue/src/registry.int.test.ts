import { exampleAssignment, type RedisFixture, randomPrefix, startRedis } from '@baton/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { abandonedCapabilities } from './abandoned.ts';
import { knownCapabilities } from './capability-set.ts';
import { connectRedis, type Redis } from './connection.ts';
import { createSubtaskQueue } from './dispatch.ts';
import { listAgents, registerAgent } from './registry.ts';

let fixture: RedisFixture;
let redis: Redis;
beforeAll(async () => {
  fixture = await startRedis();
  redis = await connectRedis(fixture.url, { name: 'registry-test' });
}, 60_000);
afterAll(async () => {
  redis?.disconnect();
  await fixture?.stop();
});

const entry = (id: string) => ({
  id,
  name: 'data-agent',
  version: '1.0.0',
  host: 'here',
  pid: 1,
  started_at: new Date(0).toISOString(),
  concurrency: 4,
  capabilities: [{ name: 'data.fetch', input: { type: 'object' }, output: { type: 'object' } }],
});
const onError = (error: Error) => expect.unreachable(error.message);

test('a registered agent is listed with its heartbeat, and is gone after a clean shutdown', async () => {
  const prefix = randomPrefix();
  const before = Date.now();
  const one = await registerAgent({ redis, prefix, entry: entry('one'), onError });
  const two = await registerAgent({ redis, prefix, entry: entry('two'), onError });
  const agents = await listAgents(redis, prefix);
  expect(agents.map(({ id }) => id).toSorted()).toEqual(['one', 'two']);
  expect(Date.parse(agents[0]?.heartbeat_at ?? '')).toBeGreaterThanOrEqual(before);
  expect(await knownCapabilities(redis, prefix)).toEqual(['data.fetch']);
  await one.close();
  expect((await listAgents(redis, prefix)).map(({ id }) => id)).toEqual(['two']);
  await two.close();
  expect(await listAgents(redis, prefix)).toEqual([]);
});

test('the heartbeat goes on, and without it the entry expires', async () => {
  const prefix = randomPrefix();
  const agent = await registerAgent({ redis, prefix, entry: entry('one'), heartbeatMs: 20, onError });
  const first = (await listAgents(redis, prefix))[0]?.heartbeat_at;
  await expect.poll(async () => (await listAgents(redis, prefix))[0]?.heartbeat_at).not.toBe(first);
  await agent.close();
  await redis.set(`${prefix}:agent:ghost`, JSON.stringify({ ...entry('ghost'), heartbeat_at: new Date().toISOString() }), 'PX', 30);
  await redis.zadd(`${prefix}:agents`, Date.now(), 'ghost');
  await expect.poll(() => listAgents(redis, prefix)).toEqual([]);
});

test('an entry that nobody understands is left out', async () => {
  const prefix = randomPrefix();
  await redis.set(`${prefix}:agent:odd`, '{"id":"odd"}');
  await redis.zadd(`${prefix}:agents`, Date.now(), 'odd');
  expect(await listAgents(redis, prefix)).toEqual([]);
});

test('a capability with jobs and without agents is abandoned', async () => {
  const prefix = randomPrefix();
  const queue = createSubtaskQueue({ redis, prefix });
  await queue.dispatch(['a', 'b'].map((subtaskId) => ({ assignment: exampleAssignment({ subtaskId }), inputs: [] })));
  expect(await abandonedCapabilities(redis, prefix)).toEqual([{ capability: 'data.fetch', jobs: 2 }]);
  const agent = await registerAgent({ redis, prefix, entry: entry('one'), onError });
  expect(await abandonedCapabilities(redis, prefix)).toEqual([]);
  await agent.close();
  await queue.close();
});
