import { expect, test } from 'vitest';
import { childIdOf, partitionOf, shardOf } from './identity.ts';

const ids = Array.from({ length: 3_000 }, (_, index) => `wf_${index.toString(36)}`);

test('one shard has everything', () => {
  expect(new Set(ids.map((id) => shardOf(id, 1)))).toEqual(new Set([0]));
});

test('workflows spread evenly, and in each shard over all partitions', () => {
  for (const shards of [2, 3, 6, 16]) {
    const byShard = Map.groupBy(ids, (id) => shardOf(id, shards));
    expect([...byShard.keys()].toSorted((one, other) => one - other)).toEqual(Array.from({ length: shards }, (_, shard) => shard));
    const [fewest, most] = [...byShard.values()].map((own) => own.length).reduce(([low, high], count) => [Math.min(low, count), Math.max(high, count)], [ids.length, 0]); // biome-ignore format: one figure
    expect(most / fewest).toBeLessThan(1.6);
    for (const own of byShard.values()) expect(new Set(own.map(partitionOf)).size).toBe(16);
  }
});

test('a workflow that is the work of a subtask is in the shard of the one above, however deep', () => {
  for (const id of ids.slice(0, 100)) {
    const child = childIdOf(id, 'each[3]', 2);
    const grandchild = childIdOf(child, 'plan/x', 0);
    expect([child, grandchild].map((each) => shardOf(each, 6))).toEqual([shardOf(id, 6), shardOf(id, 6)]);
  }
});

test('what stands before the first dot decides', () => {
  expect(shardOf('tenant.a', 64)).toBe(shardOf('tenant.b.c', 64));
  expect(shardOf('.', 64)).toBe(shardOf('.x', 64));
});
