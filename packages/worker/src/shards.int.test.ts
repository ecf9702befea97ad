/** An agent of several shards: one bound for all of them, and each shard gets its turn. */
import { type Assignment, partitionOf, shardOf } from '@baton/core';
import { createReplyReader, createSubtaskQueue, openQueue, openShards } from '@baton/queue';
import { exampleAssignment } from '@baton/testkit';
import { expect, test } from 'vitest';
import { agentWorld, fine } from './agents-under-test.ts';

const world = agentWorld();
const shards = 3;

function assignmentsIn(shard: number, count: number): readonly Assignment[] {
  const ids = Array.from({ length: 40 * count }, (_, index) => `wf${index}`).filter((id) => shardOf(id, shards) === shard);
  return ids.slice(0, count).map((workflowId) => exampleAssignment({ workflowId, partition: partitionOf(workflowId) }));
}

test('what it has at work in all shards together stays within its concurrency; a full shard does not keep out the others', async () => {
  const { redis, prefix } = world;
  const prefixes = await openShards(redis, prefix, shards);
  const queues = prefixes.map((each) => createSubtaskQueue({ redis, prefix: each }));
  const counts = [30, 6, 6];
  for (const [shard, queue] of queues.entries())
    await queue.dispatch(assignmentsIn(shard, counts[shard] as number).map((assignment) => ({ assignment, inputs: [] })));

  let [atWork, most] = [0, 0];
  const order: number[] = [];
  const handler = async (_input: unknown, { workflowId }: { readonly workflowId: string }) => {
    atWork += 1;
    most = Math.max(most, atWork);
    order.push(shardOf(workflowId, shards));
    // Each waits for Redis once, as long as others begin.
    await redis.get(`${prefix}:nothing`);
    atWork -= 1;
    return fine;
  };
  await world.start(handler, { shards, concurrency: 2 });
  await expect.poll(() => order.length, { timeout: 10_000 }).toBe(42);
  expect(most).toBe(2);
  // The two small ones are done before the big one is.
  expect(order.lastIndexOf(1)).toBeLessThan(order.lastIndexOf(0));
  expect(order.lastIndexOf(2)).toBeLessThan(order.lastIndexOf(0));

  for (const [shard, own] of prefixes.entries()) {
    const reader = createReplyReader({ redis, prefix: own });
    reader.own(Array.from({ length: 16 }, (_, partition) => partition));
    const seen: string[] = [];
    await expect
      .poll(async () => {
        seen.push(...(await reader.read(100)).map(({ report }) => report?.workflowId ?? ''));
        return seen.length;
      })
      .toBe(counts[shard]);
    expect(seen.every((id) => shardOf(id, shards) === shard)).toBe(true);
    await reader.close();
  }
  await Promise.all(queues.map((queue) => queue.close()));
});

test('room that comes free in one shard is taken by another, whose own work goes on', async () => {
  const { redis, prefix } = world;
  const prefixes = await openShards(redis, prefix, shards);
  const queues = prefixes.map((each) => createSubtaskQueue({ redis, prefix: each }));
  const gates = new Map<string, () => void>();
  const handler = async (_input: unknown, { workflowId }: { readonly workflowId: string }) => {
    await new Promise<void>((open) => gates.set(workflowId, open));
    return fine;
  };
  await world.start(handler, { shards, concurrency: 2 });
  const [[long, next], [short]] = [assignmentsIn(0, 2), assignmentsIn(1, 1)] as unknown as [[Assignment, Assignment], [Assignment]];
  await queues[0]?.dispatch([{ assignment: long, inputs: [] }]);
  await queues[1]?.dispatch([{ assignment: short, inputs: [] }]);
  await expect.poll(() => gates.size).toBe(2);
  await queues[0]?.dispatch([{ assignment: next, inputs: [] }]);
  const waiting = openQueue(redis, prefixes[0] as string, 'cap.data.fetch');
  expect(gates.has(next.workflowId)).toBe(false);
  gates.get(short.workflowId)?.();
  // The one that is long is not done, and its worker sleeps: it is woken for the room.
  await expect.poll(() => gates.has(next.workflowId)).toBe(true);
  for (const open of gates.values()) open();
  await expect.poll(() => waiting.getJobCountByTypes('completed')).toBe(2);
  await Promise.all([waiting.close(), ...queues.map((queue) => queue.close())]);
});

test('what waits for room when the agent stops goes back to the queue', async () => {
  const { redis, prefix } = world;
  const prefixes = await openShards(redis, prefix, shards);
  const queues = prefixes.map((each) => createSubtaskQueue({ redis, prefix: each }));
  let begun = 0;
  const running = await world.start(
    async (_input, { signal }) => {
      begun += 1;
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
      throw new Error('stopped');
    },
    { shards, concurrency: 1 },
  );
  for (const [shard, queue] of queues.entries()) await queue.dispatch(assignmentsIn(shard, 1).map((assignment) => ({ assignment, inputs: [] })));
  const handles = prefixes.map((each) => openQueue(redis, each, 'cap.data.fetch'));
  const count = async (...states: ('active' | 'waiting')[]) => {
    const counts = await Promise.all(handles.map((queue) => queue.getJobCountByTypes(...states)));
    return counts.reduce((sum, own) => sum + own, 0);
  };
  await expect.poll(() => count('active')).toBe(shards);
  expect(begun).toBe(1);
  await running.close({ graceMs: 0 });
  expect([await count('active'), await count('waiting'), begun]).toEqual([0, shards, 1]);
  await Promise.all([...handles, ...queues].map((queue) => queue.close()));
});
