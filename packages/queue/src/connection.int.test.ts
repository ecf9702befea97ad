import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { type RedisFixture, startRedis } from '@baton/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ConnectionEvent, connectRedis } from './connection.ts';

let fixture: RedisFixture;
beforeAll(async () => {
  // One server: what one server refuses and tells; of a cluster see cluster-connection.int.test.ts.
  fixture = await startRedis({ isSingle: true });
}, 60_000);
afterAll(() => fixture?.stop());

test('nobody listens: says where, why and the mend, and never the password', async () => {
  const failed = connectRedis('redis://user:geheim@127.0.0.1:1', { name: 'test', maxWaitMs: 200 });
  await expect(failed).rejects.toMatchObject({ code: 'REDIS_UNREACHABLE', exitCode: 3, cause: { code: 'ECONNREFUSED' } });
  await expect(failed).rejects.toThrow(/127\.0\.0\.1:1 did not answer.*ECONNREFUSED.*BATON_REDIS_URL/);
  await expect(failed).rejects.not.toThrow(/geheim/);
});

test('somebody listens who is silent', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await expect(connectRedis(`redis://127.0.0.1:${port}`, { name: 'test', maxWaitMs: 200 })).rejects.toMatchObject({ code: 'REDIS_UNREACHABLE' });
  server.close();
});

test('a wrong password is told at once', async () => {
  const failed = connectRedis(fixture.url.replace('redis://', 'redis://nobody:wrong@'), { name: 'test', maxWaitMs: 20_000 });
  await expect(failed).rejects.toThrow(/refused us \(WRONGPASS/);
});

test('a Redis that may evict keys is refused, with the mend, and accepted where that is said: with a warning at each start', async () => {
  const admin = await connectRedis(fixture.url, { name: 'admin' });
  await admin.config('SET', 'maxmemory-policy', 'allkeys-lru');
  const refused = connectRedis(fixture.url, { name: 'test' });
  await expect(refused).rejects.toThrow(/allkeys-lru.*set maxmemory-policy to noeviction.*BATON_EVICTING_REDIS=accept/);
  await expect(refused).rejects.toMatchObject({ code: 'REDIS_UNSUITABLE', exitCode: 2 });
  for (const name of ['first', 'second']) {
    const events: ConnectionEvent[] = [];
    const redis = await connectRedis(fixture.url, { name, evicting: 'accept', observe: (event) => events.push(event) });
    expect(events).toEqual([{ event: 'redis_may_evict', endpoint: new URL(fixture.url).host, error: expect.stringContaining('allkeys-lru') }]);
    redis.disconnect();
  }
  await admin.config('SET', 'maxmemory-policy', 'noeviction');
  admin.disconnect();
});

test('where CONFIG is forbidden, as on hosted servers, it is found out all the same', async () => {
  const admin = await connectRedis(fixture.url, { name: 'admin' });
  await admin.acl('SETUSER', 'agent', 'on', '>secret', '~*', '+@all', '-config');
  const url = fixture.url.replace('redis://', 'redis://agent:secret@');
  const events: ConnectionEvent[] = [];
  const redis = await connectRedis(url, { name: 'test', observe: (event) => events.push(event) });
  expect(events).toEqual([]);
  await admin.config('SET', 'maxmemory-policy', 'volatile-lru');
  await expect(connectRedis(url, { name: 'test' })).rejects.toThrow(/volatile-lru/);
  await admin.config('SET', 'maxmemory-policy', 'noeviction');
  redis.disconnect();
  admin.disconnect();
});

test('an outage is told once, waited for, and survived', async () => {
  const events: string[] = [];
  const redis = await connectRedis(fixture.url, { name: 'test', observe: ({ event }) => events.push(event) });
  await redis.set('before', '1');
  await fixture.restart();
  expect(await redis.get('before')).toBe('1');
  await expect.poll(() => events).toEqual(['redis_lost', 'redis_restored']);
  redis.disconnect();
});
