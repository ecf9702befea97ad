/** The connection to a Redis Cluster: what holds for one server holds for each node, and slots may move while it is in use. */
import { type ClusterFixture, type RedisFixture, randomPrefix, startRedisCluster } from '@baton/testkit';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type ConnectionEvent, connectRedis, type Redis } from './connection.ts';
import { createPartitionLeases } from './lease.ts';
import { serverEndpoint, serversOf } from './redis-client.ts';
import { isShardUp, serverOf } from './shards.ts';

let cluster: ClusterFixture;
const open: Redis[] = [];
beforeAll(async () => {
  cluster = await startRedisCluster();
});
afterAll(async () => {
  for (const redis of open) redis.disconnect();
  await cluster?.stop();
});

async function connected(options: Partial<Parameters<typeof connectRedis>[1]> = {}): Promise<Redis> {
  const redis = await connectRedis(cluster.url, { name: 'cluster-test', ...options });
  open.push(redis);
  return redis;
}

async function admin(node: RedisFixture): Promise<Redis> {
  const redis = await connectRedis(node.url, { name: 'admin' });
  open.push(redis);
  return redis;
}

const endpointOf = (node: RedisFixture): string => `127.0.0.1:${node.port}`;

test('one node is enough to find the others, and every one of them is checked', async () => {
  const redis = await connectRedis(`redis+cluster://127.0.0.1:9,${endpointOf(cluster.nodes[1] as RedisFixture)}`, { name: 'cluster-test' });
  open.push(redis);
  expect(serversOf(redis).map(serverEndpoint).toSorted()).toEqual(cluster.nodes.map(endpointOf).toSorted());
  const last = cluster.nodes[2] as RedisFixture;
  const settings = await admin(last);
  await settings.config('SET', 'maxmemory-policy', 'allkeys-lru');
  await expect(connectRedis(cluster.url, { name: 'refused' })).rejects.toThrow(`Redis at ${endpointOf(last)} may evict keys`);
  const events: ConnectionEvent[] = [];
  await connected({ evicting: 'accept', observe: (event) => events.push(event) });
  expect(events).toMatchObject([{ event: 'redis_may_evict', endpoint: endpointOf(last) }]);
  await settings.config('SET', 'maxmemory-policy', 'noeviction');
});

test('no node, and a wrong password, are told as of one server', async () => {
  await expect(connectRedis('redis+cluster://me:geheim@127.0.0.1:9,127.0.0.1:10', { name: 'test', maxWaitMs: 300 })).rejects.toThrow(
    /Redis at 127\.0\.0\.1:9,127\.0\.0\.1:10 did not answer.*BATON_REDIS_URL/,
  );
  const wrong = cluster.url.replace('cluster://', 'cluster://nobody:geheim@');
  await expect(connectRedis(wrong, { name: 'test', maxWaitMs: 20_000 })).rejects.toThrow(/refused us \(WRONGPASS/);
});

test('what one turn sends to a node leaves in one write', async () => {
  const [redis, prefix] = [await connected(), randomPrefix()];
  await redis.set(`${prefix}:a`, '1');
  const { stream } = serverOf(redis, prefix);
  const packets = vi.spyOn(stream, 'uncork');
  await Promise.all(Array.from({ length: 50 }, (_, index) => redis.set(`${prefix}:${index}`, '1')));
  expect(packets.mock.calls.length).toBeLessThan(3);
});

test('the outage of a node is told once; commands for it wait, those for others do not', async () => {
  const events: ConnectionEvent[] = [];
  const redis = await connected({ observe: (event) => events.push(event) });
  const prefix = randomPrefix();
  const [node, endpoint] = [await cluster.nodeOf(prefix), serverEndpoint(serverOf(redis, prefix))];
  let elsewhere = randomPrefix();
  while ((await cluster.nodeOf(elsewhere)) === node) elsewhere = randomPrefix();
  await node.kill();
  await expect.poll(() => isShardUp(redis, prefix)).toBe(false);
  const waiting = redis.incr(`${prefix}:count`);
  expect(await redis.incr(`${elsewhere}:count`)).toBe(1);
  expect(isShardUp(redis, elsewhere)).toBe(true);
  await node.restart();
  expect(await waiting).toBe(1);
  await expect
    .poll(() => events)
    .toMatchObject([
      { event: 'redis_lost', endpoint },
      { event: 'redis_restored', endpoint },
    ]);
  expect(isShardUp(redis, prefix)).toBe(true);
});

test('a slot that moves to another node takes its work along, scripts included', async () => {
  const [redis, prefix] = [await connected(), randomPrefix()];
  const from = await cluster.nodeOf(prefix);
  const to = cluster.nodes.find((node) => node !== from) as RedisFixture;
  const [source, target] = [await admin(from), await admin(to)];
  const slot = Number(await source.call('CLUSTER', 'KEYSLOT', prefix));
  const [sourceId, targetId] = (await Promise.all([source, target].map((node) => node.call('CLUSTER', 'MYID')))) as [string, string];
  const leases = createPartitionLeases({ redis, prefix, owner: 'one', leaseMs: 60_000 });
  const held = await leases.refresh();
  await redis.set(`${prefix}:before`, 'kept');

  await target.call('CLUSTER', 'SETSLOT', slot, 'IMPORTING', sourceId);
  await source.call('CLUSTER', 'SETSLOT', slot, 'MIGRATING', targetId);
  // The one has it still, the other has it as soon as it is new.
  expect(await redis.get(`${prefix}:before`)).toBe('kept');
  expect(await redis.set(`${prefix}:between`, 'new')).toBe('OK');
  const during = leases.refresh();
  const keys = (await source.call('CLUSTER', 'GETKEYSINSLOT', slot, 1_000)) as string[];
  await source.call('MIGRATE', '127.0.0.1', to.port, '', 0, 5_000, 'KEYS', ...keys);
  for (const node of [target, source]) await node.call('CLUSTER', 'SETSLOT', slot, 'NODE', targetId);

  expect(await during).toEqual(held);
  expect(await redis.mget(`${prefix}:before`, `${prefix}:between`)).toEqual(['kept', 'new']);
  expect(await leases.refresh()).toEqual(held);
  await expect.poll(() => serverEndpoint(serverOf(redis, prefix))).toBe(endpointOf(to));
});
