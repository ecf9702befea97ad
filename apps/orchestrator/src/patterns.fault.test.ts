/** The patterns where they touch queues: real Redis, orchestrators and agents as processes of their own. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import type { Json, NodeInput, Workflow } from '@baton/core';
import { createEngine, type Engine } from '@baton/engine';
import { connectRedis, createSubtaskQueue, type Redis } from '@baton/queue';
import { createStore } from '@baton/store';
import { type RedisFixture, randomPrefix, startProcess, startRedis, type TestProcess } from '@baton/testkit';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type TreesUnderTest, treesUnderTest } from './trees-under-test.ts';

const orchestratorMain = fileURLToPath(new URL('./main.ts', import.meta.url));
const agentMain = fileURLToPath(new URL('./fixture/counting-agent.ts', import.meta.url));
const prefix = randomPrefix();
const processes: TestProcess[] = [];
let fixture: RedisFixture;
let redis: Redis;
let engine: Engine;
let store: ReturnType<typeof createStore>;
let trees: TreesUnderTest;
let started = 0;

function start(main: string): TestProcess {
  const child = startProcess(main, { BATON_REDIS_URL: fixture.url, BATON_PREFIX: prefix, BATON_METRICS_PORT: '0', BATON_LEASE_MS: '600' });
  processes.push(child);
  return child;
}

beforeAll(async () => {
  fixture = await startRedis();
  redis = await connectRedis(fixture.url, { name: 'patterns' });
  store = createStore({ redis, prefix });
  trees = await treesUnderTest(redis, prefix);
  engine = createEngine({
    store,
    queue: createSubtaskQueue({ redis, prefix }),
    now: Date.now,
    observe: () => {},
    warn: (event, error) => expect.fail(`${event}: ${String(error)}`),
    sameTree: trees.sameTree,
  });
  await Promise.all([start(orchestratorMain).saw('orchestrator_ready'), start(agentMain).saw('agent_ready'), start(agentMain).saw('agent_ready')]);
  await trees.known('test.count');
});
afterAll(async () => {
  await Promise.all(processes.map((child) => child.end('SIGKILL')));
  trees.close();
  redis.disconnect();
  await fixture.stop();
});

const task = (id: string, capability: string, rest: object = {}): NodeInput => ({ id, capability, ...rest });

async function run(nodes: readonly NodeInput[], rest: object = {}, params: Json = {}): Promise<string> {
  started += 1;
  const id = `p${started}`;
  expect(
    await engine.start({ workflowId: id, definition: { name: 'p', version: 1, nodes, ...rest } as unknown as Json, params, caller: 'test' }),
  ).toMatchObject({ status: 'created' });
  return id;
}

async function ended(id: string, timeout = 30_000): Promise<Workflow> {
  await vi.waitFor(async () => expect((await store.summary(id))?.state.status).toMatch(/completed|failed|cancelled|timed_out/), { timeout, interval: 30 });
  return (await store.load(id)) as Workflow;
}

async function stateOf(id: string) {
  return (await ended(id)).state;
}

describe('fan-out', () => {
  it('goes over 10,000 items, so many at a time, each once', { timeout: 90_000 }, async () => {
    const items = Array.from({ length: 10_000 }, (_, index) => index);
    const each = { capability: 'test.count', params: { item: '$item' }, output: { type: 'string' } };
    const id = await run(
      [{ id: 'all', kind: 'map', over: '$params.items', each, concurrency: 500, aggregate: { strategy: 'expression', expression: 'size(results)' } }],
      {},
      { items },
    );
    expect((await ended(id, 80_000)).state).toMatchObject({ status: 'completed', result: { all: 10_000 } });
    const effects = await redis.hgetall(`${prefix}:effects`);
    expect(Object.keys(effects).filter((key) => key.startsWith(`${id}~`))).toHaveLength(10_000);
    expect(new Set(Object.values(effects))).toEqual(new Set(['1']));
  });

  it('goes on with an orchestrator that was killed in the middle', { timeout: 60_000 }, async () => {
    const id = await run([
      {
        id: 'all',
        kind: 'map',
        over: Array.from({ length: 400 }, (_, index) => index),
        each: { capability: 'test.count' },
        concurrency: 20,
        aggregate: { strategy: 'expression', expression: 'size(results)' },
      },
    ]);
    await vi.waitFor(async () => expect((await store.load(id))?.subtasks.size).toBeGreaterThan(100), { timeout: 20_000, interval: 10 });
    await processes[0]?.end('SIGKILL');
    processes[0] = start(orchestratorMain);
    expect(await stateOf(id)).toMatchObject({ status: 'completed', result: { all: 400 } });
  });
});

describe('failure', () => {
  it('goes to the fallback when the agents fail, or when there are none for a declared time', async () => {
    const failed = await run([task('a', 'test.fail', { fallback: ['test.count'] })]);
    expect(await stateOf(failed)).toMatchObject({ status: 'completed', result: { a: expect.stringContaining(failed) } });
    const unserved = await run([task('a', 'test.nobody', { fallback: ['test.count'], ttl_ms: 1_500 })]);
    await vi.waitFor(async () => expect((await engine.why(unserved))?.waiting).toMatchObject([{ reason: 'no_agent', facts: { capability: 'test.nobody' } }]), {
      timeout: 5_000,
    });
    expect(await stateOf(unserved)).toMatchObject({ status: 'completed' });
  });

  it('lives with an optional failure, and counts it', async () => {
    const id = await run([task('a', 'test.fail', { optional: true }), task('b', 'test.count', { needs: ['a'] })]);
    expect(await stateOf(id)).toMatchObject({ status: 'completed', partialFailures: 1 });
  });

  it('waits for overloaded agents without using up attempts', async () => {
    const id = await run([task('a', 'test.busy', { retry: { attempts: 1 } })]);
    expect((await ended(id)).subtasks.get('a')).toMatchObject({ status: 'completed', result: 'free at last', tries: { overloads: 2 } });
  });

  it('sends an output that breaks a rule back with what is wrong', async () => {
    const id = await run([task('a', 'test.mend', { repairs: 1, rules: [{ rule: 'output.startsWith("right")', message: 'it must be right' }] })]);
    expect((await ended(id)).subtasks.get('a')).toMatchObject({ status: 'completed', result: 'right: it must be right', tries: { repairs: 1 } });
  });

  it('gives up stragglers when a quorum is reached, and says who was missing', async () => {
    await redis.del(`${prefix}:gate`);
    const id = await run([
      task('a', 'test.count'),
      task('b', 'test.count'),
      task('slow', 'test.hold'),
      { id: 'two', kind: 'gather', needs: ['a', 'b', 'slow'], join: { kind: 'first', k: 2 } },
    ]);
    const workflow = await ended(id);
    expect(workflow.state.status).toBe('completed');
    expect(workflow.subtasks.get('two')).toMatchObject({ dissent: ['slow'] });
    expect(workflow.subtasks.get('slow')).toMatchObject({ status: 'cancelled' });
  });
});

describe('control', () => {
  it('aborts the handlers of a workflow that times out or is terminated, on whatever machine, within a second', async () => {
    await redis.del(`${prefix}:gate`);
    const isAborted = async (id: string) => expect(await redis.sismember(`${prefix}:aborted`, `${id}~a~0`)).toBe(1);
    const timed = await run([task('a', 'test.hold')], { timeout_ms: 1_000 });
    expect(await stateOf(timed)).toMatchObject({ status: 'timed_out' });
    await vi.waitFor(async () => await isAborted(timed), { timeout: 5_000, interval: 20 });
    const terminated = await run([task('a', 'test.hold')]);
    await vi.waitFor(async () => expect(await redis.sismember(`${prefix}:holding`, `${terminated}~a~0`)).toBe(1), { timeout: 5_000, interval: 20 });
    await engine.control(terminated, { action: 'terminate' }, 'test');
    await vi.waitFor(async () => await isAborted(terminated), { timeout: 5_000, interval: 20 });
  });

  it('runs a workflow as a step, and cancels it with its parent', async () => {
    await engine.register({ name: 'held', version: 1, nodes: [{ id: 'inner', capability: 'test.hold' }] });
    await engine.register({ name: 'counted', version: 1, nodes: [{ id: 'inner', capability: 'test.count' }] });
    const done = await run([{ id: 'sub', kind: 'workflow', type: 'counted' }]);
    expect(await stateOf(done)).toMatchObject({ status: 'completed', result: { sub: { inner: expect.stringContaining(`${done}.sub`) } } });
    const held = await run([{ id: 'sub', kind: 'workflow', type: 'held' }]);
    await vi.waitFor(async () => expect((await store.summary(`${held}.sub`))?.state.status).toBe('running'), { timeout: 5_000 });
    await engine.control(held, { action: 'cancel', graceMs: 0 }, 'test');
    expect(await stateOf(`${held}.sub`)).toMatchObject({ status: 'cancelled' });
  });
});

describe('people', () => {
  it('are told by a signed webhook, and answer with the token in it', async () => {
    const calls: { readonly body: string; readonly signature: string | undefined }[] = [];
    const server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request
        .on('data', (chunk: Buffer) => chunks.push(chunk))
        .on('end', () => {
          calls.push({ body: Buffer.concat(chunks).toString(), signature: request.headers['x-baton-signature'] as string | undefined });
          // The first delivery fails: it is tried again.
          response.writeHead(calls.length === 1 ? 503 : 204).end();
        });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const id = await run([{ id: 'ok', kind: 'approval', approvers: ['ann'], params: { value: 1 }, webhook: `http://127.0.0.1:${port}/hook` }]);
    await vi.waitFor(() => expect(calls.length).toBeGreaterThanOrEqual(2), { timeout: 20_000, interval: 50 });
    const told = JSON.parse(calls[1]?.body ?? '{}') as { tokens: Record<string, string> };
    expect(calls[1]?.signature).toMatch(/^sha256=[0-9a-f]{64}$/);
    expect(await engine.answer(id, 'ok', { by: 'ann', decision: 'approve', token: told.tokens['ann'] ?? '' })).toMatchObject({ outcome: 'applied' });
    expect(await stateOf(id)).toMatchObject({ status: 'completed', result: { ok: { approved: true, value: 1 } } });
    server.close();
  });
});
