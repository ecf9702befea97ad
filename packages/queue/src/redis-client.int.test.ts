/** The client against a Redis that goes, changes its role, or is silent. */
import { type RedisFixture, type SentinelFixture, startRedis, startSentinels, startTcpProxy, type TcpProxy } from '@baton/testkit';
import { Redis as PlainRedis } from 'ioredis';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { type ConnectionEvent, connectRedis, type Redis } from './connection.ts';

let fixture: RedisFixture;
const open: Redis[] = [];
const closers: (() => Promise<void>)[] = [];
beforeAll(async () => {
  fixture = await startRedis({ isSingle: true });
});
afterAll(() => fixture?.stop());
afterEach(async () => {
  for (const redis of open.splice(0)) redis.disconnect();
  for (const close of closers.splice(0)) await close();
});

const names = (events: readonly ConnectionEvent[]): readonly string[] => events.map(({ event }) => event);

async function connected(url: string): Promise<{ redis: Redis; events: ConnectionEvent[] }> {
  const events: ConnectionEvent[] = [];
  const redis = await connectRedis(url, { name: 'client-test', observe: (event) => events.push(event) });
  open.push(redis);
  return { redis, events };
}

function duplicateOf(redis: Redis): Redis {
  const duplicate = (redis as PlainRedis).duplicate();
  duplicate.on('error', () => {});
  open.push(duplicate);
  return duplicate;
}

async function proxied(): Promise<TcpProxy> {
  const proxy = await startTcpProxy(fixture.port);
  closers.push(proxy.stop);
  return proxy;
}

test('a connection on which nothing comes any more is ended, and what was asked is answered by the next one; one that blocks is not', async () => {
  const proxy = await proxied();
  const { redis, events } = await connected(`redis://127.0.0.1:${proxy.port}`);
  const blocking = duplicateOf((await connected(fixture.url)).redis);
  const closes = vi.fn<() => void>();
  blocking.on('close', closes);
  const blocked = blocking.bzpopmin('nothing', 5);
  proxy.stall();
  const answer = redis.incr('asked');
  await vi.waitFor(() => expect(events).toMatchObject([{ event: 'redis_lost', error: 'no answer for 4000 ms' }]), { timeout: 10_000 });
  expect(redis.status).not.toBe('ready');
  proxy.mend();
  expect(await answer).toBeGreaterThanOrEqual(1);
  await vi.waitFor(() => expect(names(events)).toEqual(['redis_lost', 'redis_restored']));
  expect(await blocked).toBeNull();
  expect(closes).not.toHaveBeenCalled();
});

test('a primary that becomes a replica is none: what is written waits until it takes writes again, and nobody hurries', async () => {
  const { redis, events } = await connected(fixture.url);
  const admin = await connected(fixture.url);
  await admin.redis.replicaof('127.0.0.1', 1);
  admin.redis.disconnect();
  const reconnects = vi.fn<() => void>();
  redis.on('reconnecting', reconnects);
  const written = redis.set('later', 'yes');
  await vi.waitFor(() => expect(names(events)).toEqual(['redis_lost']));
  const refused = connectRedis(fixture.url, { name: 'client-test', maxWaitMs: 1_000 });
  await expect(refused).rejects.toThrow(/did not answer within 1000 ms \(it is a replica, which takes no writes\)/);
  // A client that talks to replicas too.
  const direct = new PlainRedis(fixture.url);
  open.push(direct);
  await direct.replicaof('NO', 'ONE');
  expect(await written).toBe('OK');
  expect(reconnects.mock.calls.length).toBeLessThan(15);
  expect(names(events)).toEqual(['redis_lost', 'redis_restored']);
});

test('a URL that is none is told without its password', async () => {
  const refused = connectRedis('redis+sentinel://me:secret@one:1', { name: 'client-test' });
  await expect(refused).rejects.toMatchObject({ code: 'BAD_REDIS_URL', exitCode: 2, message: expect.not.stringContaining('secret') });
});

test('Sentinels: a connection and its duplicates go to the new primary when the old one is killed', { timeout: 60_000 }, async () => {
  const sentinels: SentinelFixture = await startSentinels();
  closers.push(sentinels.stop);
  const { redis, events } = await connected(sentinels.url);
  const blocking = duplicateOf(redis);
  await redis.set('kept', 'yes');
  expect(await redis.wait(1, 5_000)).toBe(1);
  const waiting = blocking.bzpopmin('marker', 0);
  await sentinels.servers[0].kill();
  const answered = redis.get('kept');
  expect(await answered).toBe('yes');
  expect(await sentinels.primaryPort()).toBe(sentinels.servers[1].port);
  await redis.zadd('marker', 1, 'here');
  expect(await waiting).toEqual(['marker', 'here', '1']);
  expect(events).toMatchObject([{ event: 'redis_lost', endpoint: expect.stringMatching(/^127\.0\.0\.1:\d+,.*\/mymaster$/) }, { event: 'redis_restored' }]);
});
