import { capabilityQueue } from '@baton/protocol';
import { exampleAssignment, type RedisFixture, randomPrefix, startRedis } from '@baton/testkit';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { connectRedis, type Redis } from './connection.ts';
import { createSubtaskQueue } from './dispatch.ts';
import { createOpenQueues } from './open-queues.ts';

let fixture: RedisFixture;
let redis: Redis;
beforeAll(async () => {
  fixture = await startRedis();
  redis = await connectRedis(fixture.url, { name: 'open-queues-test' });
}, 60_000);
afterAll(async () => {
  redis?.disconnect();
  await fixture?.stop();
});

test('so many are open, those of the names that came up last, and one that comes up again works', async () => {
  const queues = createOpenQueues(redis, randomPrefix(), 3);
  onTestFinished(() => queues.close());
  const [a, b, c] = ['a', 'b', 'c'].map(queues.get);
  expect(queues.get('a')).toBe(a);
  queues.get('d');
  expect([queues.get('a'), queues.get('c')]).toEqual([a, c]);
  const again = queues.get('b');
  expect(again).not.toBe(b);
  await again.add('job', {});
  expect(await again.getWaitingCount()).toBe(1);
});

test('capabilities without end leave no more listeners on the connection than there are queues open', async () => {
  const prefix = randomPrefix();
  const before = redis.listenerCount('close');
  const queue = createSubtaskQueue({ redis, prefix });
  const names = Array.from({ length: 1_500 }, (_, index) => `test.c${index}`);
  for (const capability of names) await queue.dispatch([{ assignment: exampleAssignment({ capability }), inputs: [] }]);
  expect(redis.listenerCount('close') - before).toBeLessThanOrEqual(1_001);
  await queue.close();
  expect(redis.listenerCount('close')).toBe(before);
  const waiting = await Promise.all(names.map((name) => redis.llen(`${prefix}:${capabilityQueue(name)}:wait`)));
  expect(new Set(waiting)).toEqual(new Set([1]));
});
