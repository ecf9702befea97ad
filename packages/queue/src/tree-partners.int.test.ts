/** Who may stand in one tree, as agents say it with their heartbeats. */
import type { AgentEntry } from '@baton/protocol';
import { type RedisFixture, randomPrefix, startRedis } from '@baton/testkit';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { connectRedis, type Redis } from './connection.ts';
import { registerAgent } from './registry.ts';
import { type TreePartners, watchTreePartners } from './tree-partners.ts';

let fixture: RedisFixture;
let redis: Redis;
let prefix: string;
const closers: (() => unknown)[] = [];

beforeAll(async () => {
  fixture = await startRedis();
  redis = await connectRedis(fixture.url, { name: 'partners-test' });
});
afterAll(async () => {
  redis?.disconnect();
  await fixture?.stop();
});
beforeEach(() => {
  prefix = randomPrefix();
});
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

const onError = (error: Error) => expect.unreachable(error.message);
const able = { kit: { trees: true }, trust_domain: 'default' } as const;
/** What an agent says that knows nothing of trees: one of another language, or of before there were any. */
const unable = {} as const;

async function serve(id: string, capabilities: readonly string[], says: Pick<AgentEntry, 'kit' | 'trust_domain'> = able): Promise<() => Promise<void>> {
  const entry = {
    id,
    name: 'agent',
    version: '1.0.0',
    host: 'here',
    pid: 1,
    started_at: new Date(0).toISOString(),
    concurrency: 1,
    capabilities: capabilities.map((name) => ({ name, input: {}, output: {} })),
    ...says,
  };
  const { close } = await registerAgent({ redis, prefix, entry, heartbeatMs: 100, onError });
  closers.push(close);
  return close;
}

async function partners(): Promise<TreePartners> {
  const watched = await watchTreePartners({ redis, prefix, everyMs: 20, onError });
  closers.push(watched.close);
  return watched;
}

test('capabilities that agents of one domain serve, each able to: known after the first look', async () => {
  await serve('one', ['a', 'b']);
  await serve('two', ['b', 'c']);
  const { sameTree } = await partners();
  expect([sameTree('a', 'b'), sameTree('a', 'c'), sameTree('b', 'b')]).toEqual([true, true, true]);
});

test('a capability that nobody serves is in no tree', async () => {
  await serve('one', ['a']);
  const { sameTree } = await partners();
  expect([sameTree('a', 'nobody'), sameTree('nobody', 'a'), sameTree('nobody', 'nobody')]).toEqual([false, false, false]);
});

test.each<[what: string, says: Pick<AgentEntry, 'kit' | 'trust_domain'>]>([
  ['knows nothing of trees', unable],
  ['cannot', { kit: { trees: false }, trust_domain: 'default' }],
  ['says nothing of its domain', { kit: { trees: true } }],
  ['is of another domain', { ...able, trust_domain: 'bank' }],
])('one agent among many is enough that there are no trees: one that %s', async (_what, says) => {
  await serve('one', ['a', 'b']);
  const { sameTree } = await partners();
  expect(sameTree('a', 'b')).toBe(true);
  const leave = await serve('other', ['b'], says);
  await expect.poll(() => sameTree('a', 'b')).toBe(false);
  expect(sameTree('a', 'a')).toBe(true);
  await leave();
  await expect.poll(() => sameTree('a', 'b')).toBe(true);
});

test('each domain has trees of its own', async () => {
  await serve('one', ['a', 'b']);
  await serve('teller', ['x', 'y'], { ...able, trust_domain: 'bank' });
  const { sameTree } = await partners();
  expect([sameTree('a', 'b'), sameTree('x', 'y'), sameTree('a', 'x')]).toEqual([true, true, false]);
});

test('agents that are gone for three heartbeats are forgotten', async () => {
  const leave = await serve('one', ['a']);
  const { sameTree } = await partners();
  expect(sameTree('a', 'a')).toBe(true);
  await leave();
  await expect.poll(() => sameTree('a', 'a')).toBe(false);
});

test('a look costs the same for many agents as for one', async () => {
  const size = async (): Promise<number> => await redis.zcard(`${prefix}:partners`);
  for (let agent = 0; agent < 20; agent += 1) await serve(`agent-${agent}`, ['a', 'b', 'c']);
  expect(await size()).toBe(3);
});

test('a look that fails is told, and the next one comes', async () => {
  const errors: string[] = [];
  const { sameTree, close } = await watchTreePartners({ redis, prefix, everyMs: 20, onError: ({ message }) => errors.push(message) });
  closers.push(close);
  await redis.set(`${prefix}:partners`, 'not a sorted set');
  await expect.poll(() => errors[0]).toMatch(/WRONGTYPE/);
  await redis.del(`${prefix}:partners`);
  await serve('one', ['a']);
  await expect.poll(() => sameTree('a', 'a')).toBe(true);
});
