/** The doctor of a Redis Cluster of which one node is away: it says so, and looks at what is left. */
import { connectRedis, createPartitionLeases, isShardUp, openShards, type Redis, serverEndpoint, serverOf } from '@baton/queue';
import { createStore } from '@baton/store';
import { type ClusterFixture, randomPrefix, startRedisCluster } from '@baton/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createDoctor, type Doctor } from './doctor.ts';

const shards = 3;
let cluster: ClusterFixture;
let redis: Redis;
beforeAll(async () => {
  cluster = await startRedisCluster();
  redis = await connectRedis(cluster.url, { name: 'doctor-test' });
});
afterAll(async () => {
  redis?.disconnect();
  await cluster?.stop();
});

const findingOf = async (doctor: Doctor, code: string) => (await doctor.examine()).find((finding) => finding.code === code);

test('a node that is away is a problem, with the shards that stand still; the others are looked at all the same', async () => {
  const prefixes = await openShards(redis, randomPrefix(), shards);
  for (const prefix of prefixes) await createPartitionLeases({ redis, prefix, owner: 'orchestrator-1', leaseMs: 60_000 }).refresh();
  // As a process that has just come: it is connected to no more than the node that it asked for the others.
  const fresh = await connectRedis(cluster.url, { name: 'doctor-test' });
  const doctor = createDoctor({ redis: fresh, prefixes, stores: prefixes.map((prefix) => createStore({ redis: fresh, prefix })), now: Date.now });
  expect((await doctor.examine()).filter(({ severity }) => severity !== 'ok')).toEqual([]);

  const [, away] = prefixes as [string, string, string];
  const node = await cluster.nodeOf(away);
  const stopped = serverEndpoint(serverOf(fresh, away));
  await node.kill();
  await expect.poll(() => isShardUp(fresh, away)).toBe(false);
  expect(await findingOf(doctor, 'unreachable_shards')).toMatchObject({
    severity: 'problem',
    message: `The nodes of 1 of 3 shards cannot be reached: the workflows in ${away} stand still.`,
    mend: expect.stringContaining('Bring their nodes'),
    fixable: false,
  });
  expect((await findingOf(doctor, 'persistence'))?.message).not.toContain(stopped);
  expect(await findingOf(doctor, 'partitions_without_owner')).toMatchObject({ severity: 'ok' });
  expect(await doctor.fix()).toEqual([]);

  await node.restart();
  await expect
    .poll(() => findingOf(doctor, 'unreachable_shards'), { timeout: 10_000 })
    .toMatchObject({ severity: 'ok', message: 'All 3 shards can be reached.' });
  fresh.disconnect();
});
