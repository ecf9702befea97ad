import { partitionCount } from '@baton/core';
import { type RedisFixture, randomPrefix, startRedis } from '@baton/testkit';
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { connectRedis, type Redis } from './connection.ts';
import { createPartitionLeases } from './lease.ts';

let fixture: RedisFixture;
let redis: Redis;
let prefix: string;
beforeAll(async () => {
  fixture = await startRedis();
  redis = await connectRedis(fixture.url, { name: 'lease-test' });
}, 60_000);
afterAll(async () => {
  redis?.disconnect();
  await fixture?.stop();
});
beforeEach(() => {
  prefix = randomPrefix();
});

const all = Array.from({ length: partitionCount }, (_, partition) => partition);
const leases = (owner: string, leaseMs = 60_000) => createPartitionLeases({ redis, prefix, owner, leaseMs });

test('one alone holds all, and keeps them', async () => {
  const a = leases('a');
  expect(await a.refresh()).toEqual(all);
  expect(await a.refresh()).toEqual(all);
});

test('two share evenly, and no partition has two owners', async () => {
  const [a, b] = [leases('a'), leases('b')];
  await a.refresh();
  expect(await b.refresh()).toEqual([]);
  const ofA = await a.refresh();
  const ofB = await b.refresh();
  expect([ofA.length, ofB.length]).toEqual([partitionCount / 2, partitionCount / 2]);
  expect([...ofA, ...ofB].toSorted((left, right) => left - right)).toEqual(all);
  expect(await a.refresh()).toEqual(ofA);
});

test('a third gets its part, and all are owned', async () => {
  const three = [leases('a'), leases('b'), leases('c')];
  const held = new Map<number, readonly number[]>();
  for (let round = 0; round < 3; round += 1) {
    for (const [index, one] of three.entries()) held.set(index, await one.refresh());
  }
  expect([...held.values()].flat().toSorted((left, right) => left - right)).toEqual(all);
  for (const partitions of held.values()) expect(partitions.length).toBeGreaterThanOrEqual(4);
});

test('a clean shutdown gives back at once, and only what is its own', async () => {
  const [a, b] = [leases('a'), leases('b')];
  await a.refresh();
  await b.refresh();
  await a.refresh();
  const ofB = await b.refresh();
  await a.release();
  await a.release();
  expect(await redis.get(`${prefix}:owner:${ofB[0]}`)).toBe('b');
  expect(await b.refresh()).toEqual(all);
});

test('the partitions of one that died go to the other when its lease is over', async () => {
  const dead = leases('dead', 200);
  const alive = leases('alive', 200);
  await dead.refresh();
  expect(await alive.refresh()).toEqual([]);
  await vi.waitFor(async () => expect(await alive.refresh()).toEqual(all), { timeout: 10_000, interval: 20 });
});
