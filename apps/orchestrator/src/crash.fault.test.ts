/** Real processes, killed with SIGKILL in the middle of their work. What counts is what was done, and what the record says. */
import { fileURLToPath } from 'node:url';
import type { EventEntry, RecordedEvent, Workflow } from '@baton/core';
import { createEngine, type Engine } from '@baton/engine';
import { connectRedis, createSubtaskQueue, type Redis } from '@baton/queue';
import { createStore } from '@baton/store';
import { type RedisFixture, randomPrefix, startProcess, startRedis, type TestProcess } from '@baton/testkit';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { type TreesUnderTest, treesUnderTest } from './trees-under-test.ts';

const orchestratorMain = fileURLToPath(new URL('./main.ts', import.meta.url));
const agentMain = fileURLToPath(new URL('./fixture/counting-agent.ts', import.meta.url));
const leaseMs = 600;

let fixture: RedisFixture;
let redis: Redis;
let prefix: string;
let engine: Engine;
let store: ReturnType<typeof createStore>;
let trees: TreesUnderTest;
let processes: TestProcess[];

beforeAll(async () => {
  fixture = await startRedis();
});
afterAll(async () => await fixture.stop());

beforeEach(async () => {
  prefix = randomPrefix();
  redis = await connectRedis(fixture.url, { name: 'fault-test' });
  store = createStore({ redis, prefix });
  const queue = createSubtaskQueue({ redis, prefix });
  trees = await treesUnderTest(redis, prefix);
  const warn = (event: string, error: unknown) => expect.fail(`${event}: ${String(error)}`);
  engine = createEngine({ store, queue, now: () => Date.now(), observe: () => {}, warn, sameTree: trees.sameTree });
  processes = [];
});
afterEach(async () => {
  await Promise.all(processes.map((child) => child.end('SIGKILL')));
  trees.close();
  redis.disconnect();
});

function start(main: string): TestProcess {
  const child = startProcess(main, { BATON_REDIS_URL: fixture.url, BATON_PREFIX: prefix, BATON_METRICS_PORT: '0', BATON_LEASE_MS: String(leaseMs) });
  processes.push(child);
  return child;
}

/** `depth` layers of `width` subtasks, each waiting for the whole layer before. */
function layers(depth: number, width: number, capability = 'test.count') {
  const id = (layer: number, index: number) => `n${layer}_${index}`;
  const nodes = Array.from({ length: depth * width }, (_, position) => {
    const layer = Math.floor(position / width);
    const needs = layer === 0 ? [] : Array.from({ length: width }, (__, index) => id(layer - 1, index));
    return { id: id(layer, position % width), capability, needs };
  });
  return { name: 'layers', version: 1, nodes };
}

async function effects(): Promise<Record<string, string>> {
  return await redis.hgetall(`${prefix}:effects`);
}

async function ended(workflowId: string): Promise<Workflow> {
  await vi.waitFor(async () => expect((await store.summary(workflowId))?.state.status).not.toBe('running'), { timeout: 60_000, interval: 50 });
  return (await store.load(workflowId)) as Workflow;
}

async function recorded(workflowId: string): Promise<readonly RecordedEvent[]> {
  const entries: EventEntry[] = [];
  for (;;) {
    const page = await store.events(workflowId, entries.at(-1)?.id ?? null, 1_000);
    if (page.length === 0) return entries.flatMap(({ events }) => events);
    entries.push(...page);
  }
}

it('completes with every effect done once though the orchestrator is killed again and again', { timeout: 90_000 }, async () => {
  await start(agentMain).saw('agent_ready');
  const [depth, width] = [40, 5];
  let orchestrator = start(orchestratorMain);
  await orchestrator.saw('orchestrator_ready');
  await engine.start({ workflowId: 'wf', definition: layers(depth, width), params: {}, caller: 'test' });

  for (const killAt of [0.1, 0.3, 0.5, 0.7, 0.9]) {
    await vi.waitFor(async () => expect(Object.keys(await effects()).length).toBeGreaterThan(killAt * depth * width), { timeout: 30_000, interval: 5 });
    await orchestrator.end('SIGKILL');
    expect((await store.summary('wf'))?.state.status).toBe('running');
    orchestrator = start(orchestratorMain);
  }

  const workflow = await ended('wf');
  expect(workflow.state.status).toBe('completed');
  const done = await effects();
  expect(Object.keys(done)).toHaveLength(depth * width);
  expect(new Set(Object.values(done))).toEqual(new Set(['1']));
  const completions = (await recorded('wf')).filter(({ type }) => type === 'subtask_completed');
  expect(completions).toHaveLength(depth * width);
});

it('hands the job of a killed agent to another one and settles it once', { timeout: 60_000 }, async () => {
  await start(orchestratorMain).saw('orchestrator_ready');
  const first = start(agentMain);
  await first.saw('agent_ready');
  await engine.start({ workflowId: 'wf', definition: layers(1, 1, 'test.hold'), params: {}, caller: 'test' });
  await vi.waitFor(async () => expect(await redis.lrange(`${prefix}:held`, 0, -1)).toEqual([String(first.pid)]), { timeout: 10_000, interval: 20 });
  await first.end('SIGKILL');

  const second = start(agentMain);
  await vi.waitFor(async () => expect(await redis.lrange(`${prefix}:held`, 0, -1)).toEqual([String(first.pid), String(second.pid)]), {
    timeout: 20_000,
    interval: 50,
  });
  await redis.set(`${prefix}:gate`, 'open');
  const workflow = await ended('wf');
  expect(workflow.state).toMatchObject({ status: 'completed', result: { n0_0: String(second.pid) } });
  expect(Object.values(await effects())).toEqual(['1']);
  expect((await recorded('wf')).map(({ type }) => type)).toEqual(['workflow_started', 'subtask_assigned', 'subtask_completed', 'workflow_completed']);
});

it('goes on where it was when Redis was killed and came back, and loses nothing', { timeout: 90_000 }, async () => {
  const [orchestrator, agent] = [start(orchestratorMain), start(agentMain)];
  await Promise.all([orchestrator.saw('orchestrator_ready'), agent.saw('agent_ready')]);
  const [depth, width] = [30, 5];
  await engine.start({ workflowId: 'wf', definition: layers(depth, width), params: {}, caller: 'test' });
  await vi.waitFor(async () => expect(Object.keys(await effects()).length).toBeGreaterThan(40), { timeout: 30_000, interval: 5 });
  await fixture.kill();
  await orchestrator.saw('redis_lost');
  await fixture.restart();

  const workflow = await ended('wf');
  expect(workflow.state.status).toBe('completed');
  expect(Object.keys(await effects())).toHaveLength(depth * width);
  expect((await recorded('wf')).filter(({ type }) => type === 'subtask_completed')).toHaveLength(depth * width);
});

it('stops cleanly on SIGTERM: gives its partitions back, exits with 0, and the next one goes on at once', { timeout: 60_000 }, async () => {
  await start(agentMain).saw('agent_ready');
  const first = start(orchestratorMain);
  await first.saw('orchestrator_ready');
  await engine.start({ workflowId: 'wf', definition: layers(60, 3), params: {}, caller: 'test' });
  await vi.waitFor(async () => expect(Object.keys(await effects()).length).toBeGreaterThan(20), { timeout: 20_000, interval: 5 });
  expect(await first.end('SIGTERM')).toBe(0);
  expect(await redis.keys(`${prefix}:owner:*`)).toEqual([]);
  start(orchestratorMain);
  expect((await ended('wf')).state.status).toBe('completed');
  expect(new Set(Object.values(await effects()))).toEqual(new Set(['1']));
});
