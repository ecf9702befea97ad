/** What the doctor reads of the queues: replies that wait, jobs that were given up, clocks, owners, keys that lost their expiry. */
import { partitionCount } from '@baton/core';
import { capabilityQueue } from '@baton/protocol';
import { exampleAssignment, type RedisFixture, randomPrefix, startRedis } from '@baton/testkit';
import { UnrecoverableError, Worker } from 'bullmq';
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest';
import { readBacklog } from './backlog.ts';
import { announceCapabilities } from './capability-set.ts';
import { readClocks } from './clocks.ts';
import { connectRedis, type Redis } from './connection.ts';
import { createSubtaskQueue } from './dispatch.ts';
import { eternalKeys, expireEternalKeys } from './eternal-keys.ts';
import { readGivenUp } from './given-up.ts';
import { createPartitionLeases, partitionOwners } from './lease.ts';
import { registerAgent } from './registry.ts';

let fixture: RedisFixture;
let redis: Redis;
let prefix: string;
beforeAll(async () => {
  fixture = await startRedis();
  redis = await connectRedis(fixture.url, { name: 'unwell-test' });
}, 60_000);
afterAll(async () => {
  redis?.disconnect();
  await fixture?.stop();
});
beforeEach(() => {
  prefix = randomPrefix();
});

const agentEntry = { name: 'data-agent', version: '1.0.0', host: 'here', pid: 1, started_at: new Date(0).toISOString(), concurrency: 4 };

async function serve(id: string): Promise<void> {
  const entry = { ...agentEntry, id, capabilities: [{ name: 'data.fetch', input: {}, output: {} }] };
  const agent = await registerAgent({ redis, prefix, entry, heartbeatMs: 60_000, onError: (error) => expect.unreachable(error.message) });
  onTestFinished(agent.close);
}

async function takeDispatched() {
  const queue = createSubtaskQueue({ redis, prefix });
  await queue.dispatch([{ assignment: exampleAssignment(), inputs: [] }]);
  await queue.close();
  const worker = new Worker(capabilityQueue('data.fetch'), null, { connection: redis, prefix, autorun: false });
  onTestFinished(() => worker.close());
  const job = await worker.getNextJob('token', { block: false });
  if (job === undefined) throw new Error('There is no job.');
  return job;
}

test('replies that wait, by stream, the oldest first, also those of child workflows', async () => {
  await announceCapabilities(redis, prefix, ['data.fetch', 'data.clean']);
  expect(await readBacklog(redis, prefix)).toEqual([]);
  const [seconds] = await redis.time();
  const ago = (ms: number): string => `${Number(seconds) * 1_000 - ms}-0`;
  await redis.xadd(`${prefix}:res.data.fetch.3`, ago(5_000), 'reply', 'x');
  await redis.xadd(`${prefix}:res.data.fetch.3`, ago(1_000), 'reply', 'x');
  await redis.xadd(`${prefix}:res.workflow.15`, ago(90_000), 'reply', 'x');
  const backlog = await readBacklog(redis, prefix);
  expect(backlog).toMatchObject([
    { stream: 'res.workflow.15', partition: 15, replies: 1 },
    { stream: 'res.data.fetch.3', partition: 3, replies: 2 },
  ]);
  expect(backlog[0]?.oldestAgeMs).toBeGreaterThanOrEqual(90_000);
  expect(backlog[1]?.oldestAgeMs).toBeGreaterThanOrEqual(5_000);
});

test('owners by partition', async () => {
  expect(await partitionOwners(redis, prefix)).toEqual(Array.from({ length: partitionCount }, () => null));
  await createPartitionLeases({ redis, prefix, owner: 'a', leaseMs: 60_000 }).refresh();
  await redis.del(`${prefix}:owner:7`);
  expect(await partitionOwners(redis, prefix)).toEqual(Array.from({ length: partitionCount }, (_, partition) => (partition === 7 ? null : 'a')));
});

test('jobs that were given up, from a moment on, with the reason of the last', async () => {
  const job = await takeDispatched();
  const before = Date.now();
  expect(await readGivenUp(redis, prefix, 0)).toEqual([]);
  await job.moveToFailed(new UnrecoverableError('BAD_ASSIGNMENT: []'), 'token', false);
  expect(await readGivenUp(redis, prefix, before)).toEqual([{ capability: 'data.fetch', jobs: 1, jobId: job.id, reason: 'BAD_ASSIGNMENT: []' }]);
  expect(await readGivenUp(redis, prefix, Date.now() + 60_000)).toEqual([]);
});

test('clocks: ours and those of the agents, as of one heartbeat each', async () => {
  const hour = 3_600_000;
  await serve('right');
  await serve('wrong');
  const entry = JSON.parse((await redis.get(`${prefix}:agent:wrong`)) ?? '') as object;
  const heartbeat = (await redis.zscore(`${prefix}:agents`, 'wrong')) ?? '';
  await redis.set(`${prefix}:agent:wrong`, JSON.stringify({ ...entry, heartbeat_at: new Date(Number(heartbeat) + hour).toISOString() }));
  const clocks = await readClocks(redis, prefix, () => Date.now() - 2 * hour);
  const aheadMs = new Map(clocks.map((clock) => [clock.agent, clock.aheadMs]));
  expect([...aheadMs.keys()]).toEqual([null, 'right', 'wrong']);
  expect(aheadMs.get('wrong')).toBe(hour);
  expect(Math.abs(aheadMs.get('right') ?? hour)).toBeLessThan(10_000);
  expect(Math.abs((aheadMs.get(null) ?? 0) + 2 * hour)).toBeLessThan(10_000);
});

test('leases and locks that lost their expiry get one, and nothing else does', async () => {
  await createPartitionLeases({ redis, prefix, owner: 'a', leaseMs: 60_000 }).refresh();
  await serve('one');
  const job = await takeDispatched();
  expect(await eternalKeys(redis, prefix)).toEqual([]);
  const lost = ['owner:3', 'agent:one', `cap.data.fetch:${job.id}:lock`, 'cap.data.fetch:stalled-check'].map((key) => `${prefix}:${key}`);
  await redis.set(`${prefix}:cap.data.fetch:stalled-check`, '1');
  for (const key of lost) await redis.persist(key);
  expect((await eternalKeys(redis, prefix)).toSorted()).toEqual(lost.toSorted());
  expect(await expireEternalKeys(redis, prefix)).toBe(lost.length);
  for (const key of lost) expect(await redis.pttl(key)).toBeGreaterThan(0);
  expect(await eternalKeys(redis, prefix)).toEqual([]);
});
