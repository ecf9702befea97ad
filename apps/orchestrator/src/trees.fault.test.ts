/** Trees with real processes: the queue runs what the engine handed over, whoever of the others is alive, and the record says the same as without. */
import { fileURLToPath } from 'node:url';
import type { Json, NodeInput, RecordedEvent, Workflow } from '@baton/core';
import { createEngine, type Engine } from '@baton/engine';
import { connectRedis, createSubtaskQueue, type Redis } from '@baton/queue';
import { createStore } from '@baton/store';
import { type RedisFixture, randomPrefix, startProcess, startRedis, type TestProcess } from '@baton/testkit';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { isWithTrees, type TreesUnderTest, treesUnderTest } from './trees-under-test.ts';

const orchestratorMain = fileURLToPath(new URL('./main.ts', import.meta.url));
const agentMain = fileURLToPath(new URL('./fixture/counting-agent.ts', import.meta.url));

let fixture: RedisFixture;
let redis: Redis;
let prefix: string;
let engine: Engine;
let store: ReturnType<typeof createStore>;
let trees: TreesUnderTest;
let processes: TestProcess[];

beforeAll(async () => {
  // With the default the last second may be lost, effects that a test counts among it, while what was on its way is sent once more.
  fixture = await startRedis({ args: ['--appendfsync', 'always'] });
});
afterAll(async () => await fixture.stop());

beforeEach(async () => {
  prefix = randomPrefix();
  redis = await connectRedis(fixture.url, { name: 'trees-test' });
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
  processes = [];
});
afterEach(async () => {
  await Promise.all(processes.map((child) => child.end('SIGKILL')));
  trees.close();
  redis.disconnect();
});

function start(main: string): TestProcess {
  const child = startProcess(main, {
    BATON_REDIS_URL: fixture.url,
    BATON_PREFIX: prefix,
    BATON_METRICS_PORT: '0',
    BATON_LEASE_MS: '600',
    BATON_TREES: isWithTrees ? 'on' : 'off',
  });
  processes.push(child);
  return child;
}

async function agent(): Promise<TestProcess> {
  const child = start(agentMain);
  await child.saw('agent_ready');
  await trees.known('test.count');
  return child;
}

async function orchestrator(): Promise<TestProcess> {
  const child = start(orchestratorMain);
  await child.saw('orchestrator_ready');
  return child;
}

type Step = string | { readonly capability: string; readonly [rest: string]: unknown };

/** Each step takes what the one before it has brought. */
function chain(...steps: readonly Step[]): readonly NodeInput[] {
  return steps.map((step, index): NodeInput => {
    const node = typeof step === 'string' ? { capability: step } : step;
    return { id: `s${index}`, ...node, ...(index > 0 && { params: { before: `$steps.s${index - 1}` } }) };
  });
}

const counts = (length: number): readonly string[] => Array.from({ length }, () => 'test.count');

async function run(id: string, nodes: readonly NodeInput[]): Promise<void> {
  const definition = { name: 'chain', version: 1, nodes } as unknown as Json;
  expect(await engine.start({ workflowId: id, definition, params: {}, caller: 'test' })).toMatchObject({ status: 'created' });
}

async function ended(id: string): Promise<Workflow> {
  await vi.waitFor(async () => expect((await store.summary(id))?.state.status).toMatch(/completed|failed|cancelled|timed_out/), {
    timeout: 40_000,
    interval: 30,
  });
  return (await store.load(id)) as Workflow;
}

async function recorded(id: string): Promise<readonly RecordedEvent[]> {
  return (await store.events(id, null, 1_000)).flatMap(({ events }) => events);
}

/** How often each dispatch of the workflow had its effect, by subtask and generation. */
async function effects(id: string): Promise<Readonly<Record<string, string>>> {
  const all = await redis.hgetall(`${prefix}:effects`);
  return Object.fromEntries(Object.entries(all).flatMap(([key, times]) => (key.startsWith(`${id}~`) ? [[key.slice(id.length + 1), times]] : [])));
}

const onceEach = (length: number) => Object.fromEntries(Array.from({ length }, (_, index) => [`s${index}~0`, '1']));

/**
 * It has come to its end, and each step of it is recorded as done once, by the only dispatch of it that had an effect, whatever died meanwhile. (A
 * dispatch that an orchestrator died before never was in the queue: the next one has another generation. A handler may have run twice, under one key.)
 */
async function expectWhole(id: string, length: number): Promise<void> {
  const { state, subtasks } = await ended(id);
  expect(state.status).toBe('completed');
  const completions = (await recorded(id)).flatMap((event) => (event.type === 'subtask_completed' ? [event.subtaskId] : []));
  expect(completions).toEqual(Array.from({ length }, (_, index) => `s${index}`));
  const results = completions.map((step) => (subtasks.get(step) as { readonly result: string }).result);
  expect(new Set(Object.keys(await effects(id)).map((key) => `${id}~${key}`))).toEqual(new Set(results));
}

const holding = async (id: string): Promise<void> =>
  await vi.waitFor(async () => expect(await redis.sismember(`${prefix}:holding`, `${id}~s0~0`)).toBe(1), { timeout: 10_000, interval: 10 });

describe('who dies', () => {
  it.runIf(isWithTrees)('agents go through a whole chain with no orchestrator alive, and the next one records it as if it had been there', async () => {
    await agent();
    await run('wf', chain(...counts(20)));
    await vi.waitFor(async () => expect(await effects('wf')).toEqual(onceEach(20)), { timeout: 10_000, interval: 10 });
    expect((await store.summary('wf'))?.state.status).toBe('running');

    await orchestrator();
    expect((await ended('wf')).state).toMatchObject({ status: 'completed', result: { s19: 'wf~s19~0' } });
    const steps = Array.from({ length: 20 }, (_, index) => [`subtask_assigned s${index}`, `subtask_completed s${index}`]).flat();
    const told = (await recorded('wf')).map((event) => ('subtaskId' in event ? `${event.type} ${event.subtaskId}` : event.type));
    expect(told).toEqual(['workflow_started', ...steps, 'workflow_completed']);
    expect(await effects('wf')).toEqual(onceEach(20));
  });

  it('chains come to their ends, each step recorded once, while orchestrators and agents are killed', { timeout: 90_000 }, async () => {
    await Promise.all([agent(), agent()]);
    await orchestrator();
    const ids = Array.from({ length: 30 }, (_, index) => `wf${index}`);
    const done = async (): Promise<number> => await redis.hlen(`${prefix}:effects`);
    await Promise.all(ids.map((id) => run(id, chain(...counts(20)))));
    for (const share of [0.2, 0.5, 0.8]) {
      await vi.waitFor(async () => expect(await done()).toBeGreaterThan(share * 600), { timeout: 30_000, interval: 5 });
      await Promise.all(processes.splice(0, 2).map((child) => child.end('SIGKILL')));
      start(orchestratorMain);
      start(agentMain);
    }
    for (const id of ids) await expectWhole(id, 20);
  });

  it('Redis: chains go on where they were', { timeout: 60_000 }, async () => {
    const child = await agent();
    await orchestrator();
    const ids = Array.from({ length: 20 }, (_, index) => `wf${index}`);
    await Promise.all(ids.map((id) => run(id, chain(...counts(20)))));
    await vi.waitFor(async () => expect(await redis.hlen(`${prefix}:effects`)).toBeGreaterThan(50), { timeout: 20_000, interval: 5 });
    trees.close();
    await fixture.kill();
    await child.saw('redis_lost');
    await fixture.restart();
    for (const id of ids) await expectWhole(id, 20);
  });
});

describe('what goes wrong in a tree', () => {
  beforeEach(async () => {
    await agent();
    await orchestrator();
  });

  it('a step that fails and falls back: what comes after it runs once, on what the fallback has brought', async () => {
    await run('wf', chain({ capability: 'test.fail', fallback: ['test.count'] }, ...counts(2)));
    const { state, subtasks } = await ended('wf');
    expect(state).toMatchObject({ status: 'completed' });
    expect(subtasks.get('s0')).toMatchObject({ result: 'wf~s0~1' });
    expect(Object.values(await effects('wf'))).toEqual(['1', '1', '1']);
  });

  it('a step that fails for good ends the workflow, and nothing after it begins', async () => {
    await run('wf', chain('test.count', 'test.fail', 'test.count'));
    const { state } = await ended('wf');
    expect(state).toMatchObject({ status: 'failed' });
    expect(await effects('wf')).toEqual({ 's0~0': '1' });
  });

  it('an overloaded agent in front: what comes after it waits, and runs once', async () => {
    await run('wf', chain('test.busy', 'test.count'));
    const { state, subtasks } = await ended('wf');
    expect(state).toMatchObject({ status: 'completed' });
    expect(subtasks.get('s0')).toMatchObject({ result: 'free at last', tries: { overloads: 2 } });
    expect(Object.values(await effects('wf'))).toEqual(['1']);
  });

  it('an output that does not fit is mended, and what was built on it counts for nothing', async () => {
    const output = { type: 'string', pattern: '^right' };
    await run('wf', chain({ capability: 'test.mend', output, repairs: 1 }, ...counts(2)));
    const { state, subtasks } = await ended('wf');
    expect(state).toMatchObject({ status: 'completed' });
    expect(subtasks.get('s0')).toMatchObject({ result: expect.stringMatching(/^right/) });
    for (const id of ['s1', 's2']) {
      const { generation, result } = subtasks.get(id) as { generation: number; result: Json };
      expect(result).toBe(`wf~${id}~${generation}`);
    }
  });
});

describe('control', () => {
  beforeEach(async () => {
    await agent();
    await orchestrator();
  });

  it('a pause keeps what stands behind a running step from beginning; after the resume each runs once', async () => {
    await run('wf', chain('test.hold', ...counts(3)));
    await holding('wf');
    await engine.control('wf', { action: 'pause' }, 'test');
    await redis.set(`${prefix}:gate`, 'open');
    await vi.waitFor(async () => expect((await store.load('wf'))?.subtasks.get('s0')).toMatchObject({ status: 'completed' }), {
      timeout: 10_000,
      interval: 20,
    });
    expect(Object.keys(await effects('wf'))).toEqual(['s0~0']);
    await engine.control('wf', { action: 'resume' }, 'test');
    expect((await ended('wf')).state.status).toBe('completed');
    expect(Object.values(await effects('wf'))).toEqual(['1', '1', '1', '1']);
  });

  it('a cancel ends it all: nothing behind the step that ran begins', async () => {
    await run('wf', chain('test.hold', ...counts(3)));
    await holding('wf');
    await engine.control('wf', { action: 'terminate' }, 'test');
    expect((await ended('wf')).state.status).toBe('cancelled');
    await vi.waitFor(async () => expect(await redis.smembers(`${prefix}:aborted`)).toEqual(['wf~s0~0']), { timeout: 5_000, interval: 20 });
    // By the time that another workflow has gone through the same queue, what was behind would have begun.
    await run('other', chain(...counts(3)));
    expect((await ended('other')).state.status).toBe('completed');
    expect(await effects('wf')).toEqual({});
  });

  it('a retry after a failure runs what is left, once', async () => {
    await run('wf', chain('test.count', 'test.fail', 'test.count'));
    expect((await ended('wf')).state.status).toBe('failed');
    await engine.control('wf', { action: 'retry' }, 'test');
    await vi.waitFor(async () => expect((await recorded('wf')).filter(({ type }) => type === 'workflow_failed')).toHaveLength(2), {
      timeout: 10_000,
      interval: 20,
    });
    expect(await effects('wf')).toEqual({ 's0~0': '1' });
  });
});
