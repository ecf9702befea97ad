/** SIGTERM to each kind of process, at the moments that matter: what is in hand goes to others at once, and nothing keeps a process from ending. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createEngine, type Engine } from '@baton/engine';
import { connectRedis, createSubtaskQueue, type Redis } from '@baton/queue';
import { createStore } from '@baton/store';
import { afterAll, beforeAll, expect, it, onTestFinished, vi } from 'vitest';
import { type Fleet, type Kind, startFleet } from './fleet-under-test.ts';

const graceMs = 1_500;
const kinds = ['orchestrator', 'api', 'worker'] as const satisfies readonly Kind[];
let fleet: Fleet;
let redis: Redis;
let store: ReturnType<typeof createStore>;
let engine: Engine;

beforeAll(async () => {
  fleet = await startFleet(['stop.work'], { BATON_GRACE_MS: String(graceMs) });
  redis = await connectRedis(fleet.redis.url, { name: 'shutdown-test' });
  store = createStore({ redis, prefix: fleet.prefix });
  const warn = (event: string, error: unknown) => expect.fail(`${event}: ${String(error)}`);
  engine = createEngine({ store, queue: createSubtaskQueue({ redis, prefix: fleet.prefix }), now: Date.now, observe: () => {}, warn });
});
afterAll(async () => {
  redis.disconnect();
  await fleet.stop();
});

async function start(workflowId: string, nodes: readonly object[]): Promise<void> {
  const definition = { name: 'stop', version: 1, nodes } as never;
  expect(await engine.start({ workflowId, definition, params: {}, caller: 'test' })).toMatchObject({ status: 'created' });
}

async function completed(workflowId: string): Promise<void> {
  await vi.waitFor(async () => expect((await store.summary(workflowId))?.state.status).toBe('completed'), { timeout: 15_000, interval: 10 });
}

it('gives partitions back, and the next orchestrator has them at once', async () => {
  const [first, second] = await Promise.all([fleet.start('orchestrator'), fleet.start('orchestrator')]);
  const holders = async () => (await redis.keys(`${fleet.prefix}:owner:*`)).length;
  await vi.waitFor(async () => expect(await holders()).toBe(16), { timeout: 5_000, interval: 10 });
  const code = first.end('SIGTERM');
  await first.saw('orchestrator_stopped');
  const freeAt = performance.now();
  await vi.waitFor(async () => expect(await holders()).toBe(16), { timeout: 5_000, interval: 10 });
  console.log(`partitions without an owner for ${Math.round(performance.now() - freeAt)} ms`);
  expect([await code, await second.end('SIGTERM')]).toEqual([0, 0]);
});

it('hands back what does not finish in time, and another agent begins it within its poll', async () => {
  const [orchestrator, first] = await Promise.all([fleet.start('orchestrator'), fleet.start('worker')]);
  await start('long', [{ id: 'a', capability: 'stop.work', params: { ms: 5_000 } }]);
  await vi.waitFor(() => expect(fleet.runs()).toMatchObject([{ what: 'began', pid: first.pid }]), { timeout: 10_000, interval: 10 });
  const second = await fleet.start('worker');
  expect(await first.end('SIGTERM')).toBe(0);
  const handedBack = await first.saw('subtask_handed_back');
  await completed('long');
  const [, again, ended] = fleet.runs();
  expect([again, ended]).toMatchObject([
    { what: 'began', pid: second.pid },
    { what: 'ended', pid: second.pid },
  ]);
  console.log(`handed back and begun again ${(again?.at ?? 0) - Date.parse(String(handedBack['time']))} ms later`);
  expect([await orchestrator.end('SIGTERM'), await second.end('SIGTERM')]).toEqual([0, 0]);
});

it('delivers a webhook through another orchestrator when the receiver is silent, without waiting for its lock', async () => {
  let asked = 0;
  const server: Server = createServer((_request, response) => {
    asked += 1;
    // The first one gets no answer.
    if (asked > 1) response.writeHead(200).end();
  }).listen(0, '127.0.0.1');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const first = await fleet.start('orchestrator');
  const webhook = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`;
  await start('told', [{ id: 'ok', kind: 'approval', webhook, timeout_ms: 60_000 }]);
  await vi.waitFor(() => expect(asked).toBe(1), { timeout: 10_000, interval: 10 });
  const second = await fleet.start('orchestrator');
  expect(await first.end('SIGTERM')).toBe(0);
  await vi.waitFor(() => expect(asked).toBe(2), { timeout: 5_000, interval: 10 });
  expect(await second.end('SIGTERM')).toBe(0);
});

it('ends cleanly when told to while it starts', async () => {
  const early = ['orchestrator', 'worker'] as const;
  const codes = await Promise.all(
    early.map(async (kind) => {
      const child = fleet.spawn(kind);
      // Before it takes any work.
      await child.saw('metrics_ready');
      return await child.end('SIGTERM');
    }),
  );
  expect(codes).toEqual([0, 0]);
});

it('is not ready from the signal on', async () => {
  const worker = await fleet.start('worker');
  const { url } = await worker.saw('metrics_ready');
  const readyz = String(url).replace('/metrics', '/readyz');
  expect((await fetch(readyz)).status).toBe(200);
  await start('busy', [{ id: 'a', capability: 'stop.work', params: { ms: 500 } }]);
  await worker.saw('subtask_started');
  process.kill(worker.pid, 'SIGTERM');
  await worker.saw('recording_worker_stopping');
  const answer = await fetch(readyz);
  expect([answer.status, await answer.json()]).toMatchObject([503, { problems: [{ code: 'stopping' }] }]);
  expect(await worker.ended).toBe(0);
});

it('ends within its grace time though Redis is away, and says by its exit code whether it let go of everything', { timeout: 40_000 }, async () => {
  const children = await Promise.all(kinds.map((kind) => fleet.start(kind)));
  await fleet.redis.kill();
  await Promise.all(children.map((child) => child.saw('redis_lost')));
  const began = performance.now();
  const codes = await Promise.all(children.map((child) => child.end('SIGTERM')));
  expect(performance.now() - began).toBeLessThan(2 * graceMs);
  expect(codes).toEqual([1, 0, 1]);
  await fleet.redis.restart();
});
