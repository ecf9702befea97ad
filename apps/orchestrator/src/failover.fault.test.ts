/**
 * The primary is killed under load, and its replica takes over, as real Sentinels decide. Replication is asynchronous: what the replica has is not lost,
 * what the primary had accepted a moment before may be. So what was replicated ends, and what was not is unknown (404) or ends too; nothing hangs.
 */
import { randomPrefix, type SentinelFixture, startSentinels } from '@baton/testkit';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { diamond, type OutageSystem, produce, startOutageSystem } from './fixture/outage-system.ts';

const reconciledMs = 150_000;

let sentinels: SentinelFixture;
let system: OutageSystem;
beforeAll(async () => {
  sentinels = await startSentinels();
}, 60_000);
afterAll(async () => await sentinels?.stop());
beforeEach(async () => {
  system = await startOutageSystem(sentinels.url, randomPrefix());
});
afterEach(async () => await system.stop());

/** What was written before has reached the replica. */
async function replicated(): Promise<void> {
  const primary = new Redis(sentinels.servers[0].url);
  await primary.set('mark', '1');
  expect(await primary.wait(1, 10_000)).toBe(1);
  primary.disconnect();
}

/** From here on the replica hears nothing: what is accepted now dies with the primary. */
async function cutReplication(): Promise<void> {
  const replica = new Redis(sentinels.servers[1].url);
  await replica.replicaof('127.0.0.1', 1);
  replica.disconnect();
}

test('what the replica has goes on, what it has not is told to be unknown, and nothing hangs', { timeout: 300_000 }, async () => {
  const { client } = system;
  // So many that they are not done by then.
  const kept = Array.from({ length: 40 }, (_, index) => `kept-${index}`);
  await Promise.all(kept.map((workflow_id) => client.start({ workflow_id, definition: diamond })));
  await replicated();
  const load = produce(client, 6);
  await vi.waitFor(async () => expect((await system.notes()).length).toBeGreaterThan(40), { timeout: 20_000 });

  await cutReplication();
  expect(await client.start({ workflow_id: 'lost', definition: diamond })).toMatchObject({ created: true });
  await sentinels.servers[0].kill();
  const killedAt = Date.now();
  const resumedAt = await vi.waitFor(
    async () => {
      const later = (await system.notes()).find(({ at }) => at > killedAt + 500);
      return later?.at ?? expect.fail('Nothing goes on.');
    },
    { timeout: 30_000, interval: 20 },
  );
  expect(await sentinels.primaryPort()).toBe(sentinels.servers[1].port);
  const beforeStop = load.outcomes.size;
  await vi.waitFor(() => expect(load.outcomes.size).toBeGreaterThan(beforeStop + 6), { timeout: 30_000 });
  await load.stop();

  // Where a reply was deleted on the new primary whose settling had died with the old one, the engine asks the queue after a minute.
  const results = await Promise.all(kept.map(async (id) => (await client.result(id, { waitMs: reconciledMs })).status));
  const endedMs = Date.now() - killedAt;
  expect(new Set(results)).toEqual(new Set(['completed']));
  await expect(client.get('lost')).rejects.toMatchObject({ status: 404, code: 'unknown_workflow' });
  expect(await client.start({ workflow_id: 'lost', definition: diamond })).toMatchObject({ created: true });
  expect((await client.result('lost', { waitMs: 30_000 })).status).toBe('completed');
  const outcomes = Map.groupBy(load.outcomes.values(), (outcome) => outcome);
  expect([...outcomes.keys()].filter((outcome) => outcome !== 'unknown')).toEqual(['completed']);
  const counts = [...outcomes].map(([outcome, all]) => `${all.length} ${outcome}`).join(', ');
  process.stdout.write(
    `failover: ${kept.length} replicated workflows completed, the last ${endedMs} ms after the kill; the next step ${resumedAt - killedAt} ms after the kill; of those under load ${counts}\n`,
  );
});
