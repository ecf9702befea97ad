/** What only a real Redis can show of capabilities: what asking costs, and what outlives whom. */
import { exampleAssignment, type RedisFixture, randomPrefix, startRedis } from '@baton/testkit';
import type { Command } from 'ioredis';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connectRedis, type Redis } from './connection.ts';
import { createSubtaskQueue } from './dispatch.ts';
import { registerAgent } from './registry.ts';

let fixture: RedisFixture;
let redis: Redis;
beforeAll(async () => {
  fixture = await startRedis({ args: ['--appendfsync', 'always'] });
  redis = await connectRedis(fixture.url, { name: 'capability-test' });
});
afterAll(async () => {
  redis?.disconnect();
  await fixture?.stop();
});

const entry = {
  id: 'one',
  name: 'data-agent',
  version: '1.0.0',
  host: 'here',
  pid: 1,
  started_at: new Date(0).toISOString(),
  concurrency: 4,
  capabilities: [{ name: 'data.fetch', input: {}, output: {} }],
};

/** How many commands the work sends before Redis has answered any, and how many in all. */
async function commandsOf(work: () => Promise<unknown>): Promise<{ readonly atOnce: number; readonly all: number }> {
  const admin = await connectRedis(fixture.url, { name: 'admin' });
  const { sendCommand } = redis;
  let all = 0;
  redis.sendCommand = (command: Command) => {
    all += 1;
    return sendCommand.call(redis, command);
  };
  try {
    await admin.client('PAUSE', 100, 'ALL');
    const done = work();
    for (let turn = 0; turn < 10; turn += 1) await new Promise<void>((resolve) => void setImmediate(resolve));
    const atOnce = all;
    await done;
    return { atOnce, all };
  } finally {
    redis.sendCommand = sendCommand;
    admin.disconnect();
  }
}

test('asking about many capabilities, and about many jobs of them, is one round trip each', async () => {
  const prefix = randomPrefix();
  const queue = createSubtaskQueue({ redis, prefix });
  const names = Array.from({ length: 8 }, (_, index) => `data.${index}`);
  const assignments = names.flatMap((capability) => ['a', 'b', 'c'].map((subtaskId) => exampleAssignment({ capability, subtaskId })));
  await queue.dispatch(assignments.map((assignment) => ({ assignment, inputs: [] })));
  // Scripts are loaded and queues opened at the first time.
  await queue.capabilities(names);
  await queue.facts(assignments);
  for (const ask of [() => queue.capabilities(names), () => queue.facts(assignments)]) {
    const { atOnce, all } = await commandsOf(ask);
    expect(all).toBeGreaterThanOrEqual(names.length);
    expect(atOnce).toBe(all);
  }
  await queue.close();
});

test('whoever stands far back has no position: finding it would cost the length of the queue', async () => {
  const prefix = randomPrefix();
  const queue = createSubtaskQueue({ redis, prefix });
  const assignments = Array.from({ length: 1_002 }, (_, index) => exampleAssignment({ subtaskId: `item[${index}]` }));
  await queue.dispatch(assignments.map((assignment) => ({ assignment, inputs: [] })));
  const facts = await queue.facts([assignments[0], assignments[999], assignments[1_000]].map((assignment) => assignment ?? exampleAssignment()));
  expect(facts).toEqual([0, 999, null].map((position) => ({ state: 'queued', position })));
  await queue.close();
});

test('a killed agent is not counted any more, without anybody tidying up', async () => {
  const prefix = randomPrefix();
  const queue = createSubtaskQueue({ redis, prefix });
  const agents = async (): Promise<number | undefined> => (await queue.capabilities(['data.fetch']))[0]?.agents;
  const onError = (error: Error): void => expect.unreachable(error.message);
  const agent = await registerAgent({ redis, prefix, entry, heartbeatMs: 200, onError });
  expect(await agents()).toBe(1);
  await agent.close();
  // One that died without a word: its last heartbeat stands.
  const [seconds] = await redis.time();
  await redis.zadd(`${prefix}:agents.data.fetch`, Number(seconds) * 1_000 - 1, 'dead');
  expect(await agents()).toBe(0);
  await queue.close();
});

test('a limit outlives who set it, and Redis itself', async () => {
  const prefix = randomPrefix();
  const first = createSubtaskQueue({ redis, prefix });
  await first.limitConcurrency('data.fetch', 7);
  await first.close();
  await fixture.restart();
  const second = createSubtaskQueue({ redis, prefix });
  expect(await second.capabilities(['data.fetch'])).toMatchObject([{ limit: 7 }]);
  await second.close();
});
