import { partitionCount } from '@baton/core';
import { type RedisFixture, randomPrefix, startRedis } from '@baton/testkit';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { connectRedis, type Redis } from './connection.ts';
import { createPartitionLeases, readSchemas } from './lease.ts';

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
const leases = (owner: string, leaseMs = 60_000, schemaVersion = 1) => createPartitionLeases({ redis, prefix, owner, leaseMs, schemaVersion });

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

describe('of several versions', () => {
  const newerLeases = (owner: string) => leases(owner, 60_000, 2);
  const ascending = (...held: (readonly number[])[]) => held.flat().toSorted((left, right) => left - right);

  test('what a newer one has held goes to no older one while a newer one lives, and to all if none does', async () => {
    const [old, first, second] = [leases('old'), newerLeases('first'), newerLeases('second')];
    await first.refresh();
    expect(await old.refresh()).toEqual([]);
    // It gives half of its own back, for another like it, or for nobody.
    await first.refresh();
    expect(await old.refresh()).toEqual([]);
    expect(await first.refresh()).toEqual(all);
    await second.refresh();
    const ofFirst = await first.refresh();
    expect(ascending(ofFirst, await second.refresh(), await old.refresh())).toEqual(all);
    expect(await old.refresh()).toEqual([]);
    await Promise.all([first.release(), second.release()]);
    expect(await old.refresh()).toEqual(all);
    // And at once back.
    await first.refresh();
    expect(await old.refresh()).toEqual([]);
    expect(await first.refresh()).toEqual(all);
  });

  test('what an older one has met that it does not know goes to a newer one, beyond its share, and the rest stays', async () => {
    const [old, newer] = [leases('old'), newerLeases('newer')];
    await old.refresh();
    await newer.refresh();
    const kept = await old.refresh();
    expect(kept).toHaveLength(8);
    await newer.refresh();
    const met = kept.slice(0, 3);
    expect(await old.refresh(met)).toEqual(kept.slice(3));
    expect(await newer.refresh()).toHaveLength(11);
    expect(ascending(await old.refresh(met), await newer.refresh())).toEqual(all);
  });

  test('alone it keeps what it does not know, and says so to whoever asks', async () => {
    const old = leases('old');
    await old.refresh();
    expect(await old.refresh([3, 5])).toEqual(all);
    expect(await readSchemas(redis, prefix, 10_000)).toEqual({
      orchestrators: [1],
      partitions: all.map((partition) => (partition === 3 || partition === 5 ? 2 : 1)),
    });
  });
});
