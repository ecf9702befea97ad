/**
 * Two versions side by side, as real processes under load: the newer one is this one with a higher number for its schema. What it writes is left to
 * it by the older ones, whoever meets it first; nothing is lost, and nothing done twice, neither when the old ones go nor when the new ones do.
 */
import { createEngine } from '@baton/engine';
import { connectRedis, createDeadLetters, createSubtaskQueue, type Redis, readSchemas } from '@baton/queue';
import { createStore } from '@baton/store';
import type { TestProcess } from '@baton/testkit';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { type Fleet, startFleet } from './fleet-under-test.ts';
import { mixedCapabilities, startMixedLoad, tasksPerWorkflow } from './mixed-load-under-test.ts';

const newer = { version: 2, upgrades: {} };
let fleet: Fleet;
let redis: Redis;

beforeAll(async () => {
  fleet = await startFleet([...mixedCapabilities, 'versions.work'], { BATON_GRACE_MS: '3000' });
  redis = await connectRedis(fleet.redis.url, { name: 'versions-test' });
});
afterAll(async () => {
  redis.disconnect();
  await fleet.stop();
});

const urlOf = async (api: TestProcess): Promise<string> => String((await api.saw('api_ready'))['url']);

it('an upgrade under load: both versions at the same time, then the new one alone', { timeout: 60_000 }, async () => {
  const old = await Promise.all([fleet.start('orchestrator'), fleet.start('api'), fleet.start('worker')]);
  const load = await startMixedLoad([await urlOf(old[1])], 150);
  await vi.waitFor(() => expect([load.accepted.length > 5, load.troubles]).toEqual([true, []]), { timeout: 10_000 });
  const [, newApi] = await Promise.all([fleet.start('newer-orchestrator'), fleet.start('newer-api'), fleet.start('newer-worker')]);
  load.urls.push(await urlOf(newApi));
  const mixedFrom = load.accepted.length;
  await vi.waitFor(() => expect(load.accepted.length).toBeGreaterThan(mixedFrom + 12), { timeout: 20_000 });

  const codes: (number | null)[] = [];
  for (const process of old) codes.push(await process.end('SIGTERM'));
  await load.stop();
  expect(codes).toEqual([0, 0, 0]);
  expect(load.troubles).toEqual([]);

  const store = createStore({ redis, prefix: fleet.prefix, schema: newer });
  const open = async (id: string) => (await store.summary(id))?.state.status !== 'completed';
  await vi.waitFor(async () => expect((await Promise.all(load.accepted.map(open))).filter(Boolean)).toHaveLength(0), { timeout: 20_000, interval: 100 });
  const begun = fleet.runs().filter(({ what }) => what === 'began');
  expect(new Set(begun.map(({ key }) => key)).size).toBe(begun.length);
  expect(begun).toHaveLength(load.accepted.length * tasksPerWorkflow);
  expect(await createDeadLetters({ redis, prefix: fleet.prefix }).count()).toBe(0);
  expect(new Set((await readSchemas(redis, fleet.prefix, 10_000)).partitions)).toEqual(new Set([2]));
});

it('and back: what is newer waits untouched, is told of, and goes on when somebody comes who knows it', { timeout: 60_000 }, async () => {
  const store = createStore({ redis, prefix: fleet.prefix, schema: newer });
  const queue = createSubtaskQueue({ redis, prefix: fleet.prefix, schema: newer });
  const warn = (event: string, error: unknown) => expect.fail(`${event}: ${String(error)}`);
  const engine = createEngine({ store, queue, now: Date.now, observe: () => {}, warn });
  const work = { id: 'a', capability: 'versions.work' };
  const start = (workflowId: string, nodes: readonly object[]) =>
    engine.start({ workflowId, definition: { name: 'versions', version: 1, nodes } as never, params: {}, caller: 'test' });

  const [orchestrator, api, worker] = await Promise.all([fleet.start('orchestrator'), fleet.start('api'), fleet.start('worker')]);
  await fleet.endAllBut([orchestrator, api, worker]);
  await Promise.all([start('newer-task', [work]), start('newer-signal', [{ id: 'go', kind: 'signal', signal: 'go' }])]);
  await worker.saw('newer_schema');

  const url = await urlOf(api);
  const ask = async (path: string, body?: object) => {
    const posted = body && { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json' } };
    const answer = await fetch(`${url}${path}`, posted);
    return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
  };
  for (const told of [ask('/v1/workflows/newer-signal'), ask('/v1/workflows/newer-signal/signals/go', {}), ask('/v1/workflows/newer-task/events')]) {
    expect(await told).toMatchObject({ status: 503, body: { code: 'newer_schema' } });
  }
  const listed = (await ask('/v1/workflows')).body as { workflows: readonly object[]; newer: readonly object[] };
  expect(listed.newer).toEqual(expect.arrayContaining([expect.objectContaining({ workflow_id: 'newer-task' })]));
  const { findings } = (await ask('/v1/doctor')).body as { findings: readonly { readonly code: string }[] };
  expect(findings.find(({ code }) => code === 'schema_versions')).toMatchObject({ severity: 'problem', message: expect.stringContaining('schema 2') });
  expect((await engine.why('newer-task'))?.waiting).toMatchObject([{ reason: 'newer_agent' }]);

  // What the old ones know goes on beside it.
  expect(await ask('/v1/workflows', { workflow_id: 'older', definition: { name: 'older', version: 1, nodes: [work] }, params: {} })).toMatchObject({
    status: 201,
  });
  await vi.waitFor(async () => expect((await store.summary('older'))?.state.status).toBe('completed'), { timeout: 10_000, interval: 50 });

  const before = (await store.load('newer-task'))?.revision;
  expect(before).toBe(1);
  const heirs = await Promise.all([fleet.start('newer-orchestrator'), fleet.start('newer-worker')]);
  await engine.signal('newer-signal', { id: 's', name: 'go', payload: null, by: 'test' });
  const open = async (id: string) => (await store.summary(id))?.state.status !== 'completed';
  await vi.waitFor(async () => expect([await open('newer-task'), await open('newer-signal')]).toEqual([false, false]), { timeout: 20_000, interval: 50 });
  expect(fleet.runs().filter(({ key, what }) => key === 'newer-task~a~0' && what === 'began')).toMatchObject([{ pid: heirs[1].pid }]);
  expect(await createDeadLetters({ redis, prefix: fleet.prefix }).count()).toBe(0);
  await queue.close();
});
