/** The client against a Redis that goes, changes its role, or is silent. */
import { type RedisFixture, startRedis, startTcpProxy, type TcpProxy } from '@baton/testkit';
import { Redis as PlainRedis } from 'ioredis';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { type ConnectionEvent, connectRedis, type Redis } from './connection.ts';
import { endSilence } from './silence.ts';

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
  // Told when its error comes, which is a moment before it is closed.
  await vi.waitFor(() => expect(redis.status).not.toBe('ready'));
  proxy.mend();
  expect(await answer).toBeGreaterThanOrEqual(1);
  await vi.waitFor(() => expect(names(events)).toEqual(['redis_lost', 'redis_restored']));
  expect(await blocked).toBeNull();
  expect(closes).not.toHaveBeenCalled();
});

test('a process that was frozen itself does not take that for the silence of Redis', async () => {
  const redis = new PlainRedis(fixture.url);
  open.push(redis);
  const closes = vi.fn<() => void>();
  redis.on('close', closes);
  endSilence(redis, 200);
  await vi.waitFor(() => expect(redis.status).toBe('ready'));
  const answer = redis.ping();
  await new Promise((resolve) => setImmediate(resolve));
  // Nothing of this process runs meanwhile.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1_000);
  expect(await answer).toBe('PONG');
  expect(await redis.ping()).toBe('PONG');
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
