/** The doctor on a real deployment that is made ill in every way it knows: found, with the mend, and mended where that is safe. */
import { partitionCount, type Workflow, type WorkflowStore } from '@baton/core';
import { type FindingCode, findingCodes } from '@baton/protocol';
import { connectRedis, createPartitionLeases, createSubtaskQueue, openQueue, type Redis, serverOf } from '@baton/queue';
import { createStore } from '@baton/store';
import { completion, exampleAssignment, graphDefinition, type RedisFixture, randomPrefix, startRedis, step, workflowOf } from '@baton/testkit';
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { createDoctor, type Doctor } from './doctor.ts';

let fixture: RedisFixture;
let redis: Redis;
let prefix: string;
let store: WorkflowStore;
let doctor: Doctor;
beforeAll(async () => {
  // One server: its settings are changed, its replica found, its users made.
  fixture = await startRedis({ isSingle: true });
  redis = await connectRedis(fixture.url, { name: 'doctor-test' });
}, 60_000);
afterAll(async () => {
  redis?.disconnect();
  await fixture?.stop();
});
beforeEach(async () => {
  prefix = randomPrefix();
  store = createStore({ redis, prefix });
  doctor = createDoctor({ redis, prefixes: [prefix], stores: [store], now: Date.now });
  await createPartitionLeases({ redis, prefix, owner: 'orchestrator-1', leaseMs: 60_000 }).refresh();
});

const issuedAt = Date.now() - 120_000;

async function finding(code: FindingCode) {
  return (await doctor.examine()).find((each) => each.code === code);
}

/** Of one subtask, which is assigned. */
async function started(id: string): Promise<Workflow> {
  const workflow = workflowOf(graphDefinition([[]]), { id });
  await step(store, workflow, [{ kind: 'started' }], issuedAt);
  return workflow;
}

async function dispatch(workflowId: string): Promise<void> {
  const queue = createSubtaskQueue({ redis, prefix });
  await queue.dispatch([{ assignment: exampleAssignment({ workflowId }), inputs: [] }]);
  await queue.close();
}

test('all is well: one finding for each code, in their order, and nothing to fix', async () => {
  const findings = await doctor.examine();
  expect(findings.map(({ code }) => code)).toEqual(findingCodes);
  expect(findings.filter(({ severity, fixable }) => severity !== 'ok' || fixable)).toEqual([]);
  expect(await doctor.fix()).toEqual([]);
});

describe('found, and left to people', () => {
  test('settings of Redis', async () => {
    for (const [name, bad, good] of [
      ['maxmemory-policy', 'allkeys-lru', 'noeviction'],
      ['appendfsync', 'no', 'everysec'],
    ] as const) {
      await redis.config('SET', name, bad);
      onTestFinished(async () => void (await redis.config('SET', name, good)));
    }
    expect(await finding('eviction')).toMatchObject({ severity: 'problem', fixable: false, mend: expect.stringContaining('redis.conf') });
    expect(await finding('persistence')).toMatchObject({ severity: 'warning', message: expect.stringContaining('appendfsync no') });
    expect(await doctor.fix()).toEqual([]);
    expect(await redis.config('GET', 'appendfsync')).toEqual(['appendfsync', 'no']);
  });

  test('no append-only file', async () => {
    await redis.config('SET', 'appendonly', 'no');
    onTestFinished(async () => void (await redis.config('SET', 'appendonly', 'yes')));
    expect(await finding('persistence')).toMatchObject({ severity: 'problem', message: expect.stringContaining('a restart loses') });
  });

  test('partitions without an owner, with what waits in them', async () => {
    await redis.del(`${prefix}:owner:4`);
    await redis.xadd(`${prefix}:res.workflow.4`, `${issuedAt}-0`, 'reply', 'x');
    expect(await finding('partitions_without_owner')).toMatchObject({ severity: 'problem', message: expect.stringContaining('partitions 4') });
    expect(await finding('result_lag')).toMatchObject({ severity: 'problem', message: expect.stringMatching(/res\.workflow\.4 \(1\d\d s, nobody owns/) });
  });

  test('dispatches that stay in the outbox for over a minute', async () => {
    await started('w1');
    expect(await finding('stuck_outbox')).toMatchObject({ severity: 'problem', message: expect.stringContaining('n0 of w1') });
    const { partition } = workflowOf(graphDefinition([[]]), { id: 'w1' });
    await store.clearOutbox(partition, await store.staleOutbox(partition, Date.now(), 10));
    expect(await finding('stuck_outbox')).toMatchObject({ severity: 'ok' });
  });

  test('a capability without an agent', async () => {
    await started('w1');
    await dispatch('w1');
    expect(await finding('capabilities_without_agent')).toMatchObject({ severity: 'problem', message: expect.stringContaining('data.fetch (1 subtask)') });
  });

  test('clocks', async () => {
    const late = createDoctor({ redis, prefixes: [prefix], stores: [store], now: () => Date.now() + 3_600_000 });
    const clocks = (await late.examine()).find(({ code }) => code === 'clocks');
    expect(clocks).toMatchObject({ severity: 'problem', message: expect.stringMatching(/is 3600 s ahead/) });
  });

  test('dead letters', async () => {
    await redis.xadd(`${prefix}:dead`, '*', 'stream', `${prefix}:res.data.fetch.0`, 'reason', '[]', 'raw', 'x');
    expect(await finding('dead_letters')).toMatchObject({ severity: 'warning', mend: expect.stringContaining('baton dead list') });
    expect(await doctor.fix()).toEqual([]);
    expect(await redis.xlen(`${prefix}:dead`)).toBe(1);
  });
});

describe('found and mended', () => {
  test('jobs of a workflow that has ended, and of one that is gone; those of one that runs stay', async () => {
    const ended = await started('ended');
    await step(store, ended, [completion(ended, 'n0')], issuedAt);
    await started('running');
    for (const id of ['ended', 'gone', 'running']) await dispatch(id);
    expect(await finding('orphaned_jobs')).toMatchObject({ severity: 'warning', fixable: true, message: expect.stringContaining('data.fetch (2)') });
    expect(await doctor.fix()).toEqual([{ code: 'orphaned_jobs', message: 'Removed 2 jobs of workflows that have ended.' }]);
    expect(await finding('orphaned_jobs')).toMatchObject({ severity: 'ok', fixable: false });
    const queue = openQueue(redis, prefix, 'cap.data.fetch');
    expect(await queue.getRanges(['waiting'], 0, -1)).toEqual(['running~fetch~1']);
    await queue.close();
  });

  test('leases and definitions that never expire; the registered one still never does', async () => {
    const [kept, removed] = [1, 2].map((version) => workflowOf({ ...graphDefinition([[]]), version }).type);
    if (kept === undefined || removed === undefined) throw new Error('There are two.');
    for (const type of [kept, removed]) await store.register(type, 0);
    await redis.hdel(`${prefix}:type:${removed.name}`, '2');
    await redis.persist(`${prefix}:owner:0`);
    expect(await finding('unexpiring_keys')).toMatchObject({ severity: 'warning', fixable: true, message: expect.stringContaining(`def:${removed.hash}`) });
    expect(await doctor.fix()).toEqual([{ code: 'unexpiring_keys', message: 'Gave an expiry to 1 lease or lock and 1 definition.' }]);
    expect(await finding('unexpiring_keys')).toMatchObject({ severity: 'ok' });
    expect(await redis.pttl(`${prefix}:def:${kept.hash}`)).toBe(-1);
    expect(await redis.exists(...Array.from({ length: partitionCount }, (_, partition) => `${prefix}:owner:${partition}`))).toBe(partitionCount);
  });
});

test('a replica of Redis is named, and a primary counts its own', async ({ skip }) => {
  skip(fixture.dir === null, 'one container does not find another at 127.0.0.1');
  await redis.config('SET', 'repl-diskless-sync-delay', '0');
  const replica = await startRedis({ isSingle: true, args: ['--replicaof', '127.0.0.1', String(fixture.port)] });
  onTestFinished(() => replica.stop());
  await expect.poll(async () => (await finding('replication'))?.message, { timeout: 20_000 }).toMatch(/primary with 1 replica: \S+:\d+ \(online/);
  // Our own connections refuse a replica; this one stands for one that was made before the server became one.
  const other = serverOf(redis, prefix).duplicate({ host: '127.0.0.1', port: replica.port, Connector: undefined });
  onTestFinished(() => other.disconnect());
  const findings = await createDoctor({
    redis: other,
    prefixes: [prefix],
    stores: [createStore({ redis: other, prefix })],
    now: Date.now,
  }).examine();
  expect(findings.find(({ code }) => code === 'replication')).toMatchObject({ severity: 'problem', mend: expect.stringContaining('BATON_REDIS_URL') });
});

test('what it may not look at is a warning, and the rest is told; an outage is thrown', async () => {
  await redis.acl('SETUSER', 'watcher', 'on', '>secret', '~*', '+@all', '-config', '-xlen', '-scan');
  const watcher = await connectRedis(fixture.url.replace('redis://', 'redis://watcher:secret@'), { name: 'doctor-test' });
  const watching = createDoctor({ redis: watcher, prefixes: [prefix], stores: [createStore({ redis: watcher, prefix })], now: Date.now });
  const findings = new Map((await watching.examine()).map((each) => [each.code, each]));
  expect(findings.get('persistence')).toMatchObject({ severity: 'ok', message: expect.stringContaining('CONFIG is forbidden') });
  expect(findings.get('dead_letters')).toMatchObject({ severity: 'warning', message: expect.stringMatching(/could not be looked at: NOPERM/) });
  expect(findings.get('unexpiring_keys')).toMatchObject({ severity: 'warning', message: expect.stringMatching(/could not be looked at: .*NOPERM/) });
  expect(findings.get('partitions_without_owner')).toMatchObject({ severity: 'ok' });
  watcher.disconnect();
  await expect(watching.examine()).rejects.toThrow('Connection is closed');
});
