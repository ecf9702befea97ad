import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { type RedisFixture, startRedis } from '@baton/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connectRedis } from './connection.ts';

let fixture: RedisFixture;
beforeAll(async () => {
  // One server: there is one socket to count on.
  fixture = await startRedis({ isSingle: true });
}, 60_000);
afterAll(() => fixture?.stop());

/** A way to Redis that counts what comes at once. */
async function countedUrl(): Promise<{ readonly url: string; readonly chunks: () => number; readonly close: () => void }> {
  const { hostname, port } = new URL(fixture.url);
  let chunks = 0;
  const server = createServer((client) => {
    const redis = connect(Number(port), hostname);
    client.on('data', () => (chunks += 1));
    client.pipe(redis).pipe(client);
    client.on('error', () => redis.destroy());
    redis.on('error', () => client.destroy());
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { url: `redis://127.0.0.1:${(server.address() as AddressInfo).port}`, chunks: () => chunks, close: () => server.close() };
}

test('what one turn sends, also from the promises that it resolves, arrives together and in order', async () => {
  const { url, chunks, close } = await countedUrl();
  const redis = await connectRedis(url, { name: 'test' });
  await redis.del('list');
  const before = chunks();
  const numbers = Array.from({ length: 100 }, (_, number) => String(number));
  const gate = Promise.resolve();
  await Promise.all(numbers.map((number, index) => (index % 2 === 0 ? redis.rpush('list', number) : gate.then(() => redis.rpush('list', number)))));
  expect(chunks() - before).toBeLessThan(5);
  const kept = await redis.lrange('list', 0, -1);
  expect(kept).toEqual([...numbers.filter((_, index) => index % 2 === 0), ...numbers.filter((_, index) => index % 2 === 1)]);
  redis.disconnect();
  close();
});
