/**
 * Pause, approvals and cancels under race, on real Redis with real processes: 200 workflows, three clients that know nothing of each other and
 * call whatever comes to their mind. Nothing begins after a pause's commit, no approval is lost, and every end is what its record explains.
 */
import { fileURLToPath } from 'node:url';
import type { NodeInput, RecordedEvent, Workflow } from '@baton/core';
import { createEngine, type Engine } from '@baton/engine';
import { connectRedis, createSubtaskQueue, type Redis } from '@baton/queue';
import { createStore } from '@baton/store';
import { type RedisFixture, randomPrefix, startProcess, startRedis, type TestProcess } from '@baton/testkit';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { treesUnderTest } from './trees-under-test.ts';

const orchestratorMain = fileURLToPath(new URL('./main.ts', import.meta.url));
const agentMain = fileURLToPath(new URL('./fixture/counting-agent.ts', import.meta.url));
const workflows = 200;
const prefix = randomPrefix();

const nodes: readonly NodeInput[] = [
  { id: 'a', capability: 'test.count' },
  { id: 'b', capability: 'test.count', needs: ['a'] },
  { id: 'c', capability: 'test.count', needs: ['a'] },
  { id: 'ok', kind: 'approval', approvers: ['ann', 'bob'], required: 2, needs: ['a'] },
  { id: 'd', capability: 'test.count', needs: ['b', 'c', 'ok'] },
  // A tree of their own from the start on, so that pauses and cancels meet what stands in the queue behind something else.
  { id: 'w', capability: 'test.count' },
  { id: 'x', capability: 'test.count', needs: ['w'] },
  { id: 'y', capability: 'test.count' },
  { id: 'z', capability: 'test.count', needs: ['x', 'y'] },
];
const definition = { name: 'race', version: 1, nodes: nodes as never };

let fixture: RedisFixture;
const processes: TestProcess[] = [];
const connections: Redis[] = [];
const closers: (() => void)[] = [];

beforeAll(async () => {
  fixture = await startRedis();
  const env = { BATON_REDIS_URL: fixture.url, BATON_PREFIX: prefix, BATON_METRICS_PORT: '0', BATON_LOG_LEVEL: 'warn' };
  for (const main of [orchestratorMain, orchestratorMain, agentMain, agentMain]) processes.push(startProcess(main, env));
});
afterAll(async () => {
  await Promise.all(processes.map((child) => child.end('SIGKILL')));
  for (const close of closers) close();
  for (const redis of connections) redis.disconnect();
  await fixture.stop();
});

interface Client {
  readonly engine: Engine;
  readonly store: ReturnType<typeof createStore>;
}

async function connectClient(): Promise<Client> {
  const redis = await connectRedis(fixture.url, { name: 'race' });
  connections.push(redis);
  const trees = await treesUnderTest(redis, prefix);
  closers.push(trees.close);
  await trees.known('test.count');
  const store = createStore({ redis, prefix });
  return {
    store,
    engine: createEngine({
      store,
      queue: createSubtaskQueue({ redis, prefix }),
      now: Date.now,
      observe: () => {},
      warn: (event, error) => expect.fail(`${event}: ${String(error)}`),
      sameTree: trees.sameTree,
    }),
  };
}

/** What a client saw of a workflow: from when to when it was surely paused, and what it said to it. */
interface Witness {
  readonly pauses: { readonly from: number; to: number }[];
  readonly approvals: Set<string>;
  /** Resumes under way: a pause that meets one proves nothing. */
  resuming: number;
  isCancelled: boolean;
}

/** mulberry32: which calls are made is the seed's; when they meet is the machine's. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

async function act({ engine }: Client, id: string, roll: number, witness: Witness): Promise<void> {
  if (roll < 0.35) {
    const paused = await engine.control(id, { action: 'pause' }, 'racer');
    if (paused.status === 'answered' && paused.outcome === 'applied' && witness.resuming === 0)
      witness.pauses.push({ from: Date.now(), to: Number.POSITIVE_INFINITY });
  } else if (roll < 0.65) {
    // Before the call: from its commit on things may begin, whoever had paused.
    for (const pause of witness.pauses) pause.to = Math.min(pause.to, Date.now());
    witness.resuming += 1;
    await engine.control(id, { action: 'resume' }, 'racer');
    witness.resuming -= 1;
  } else if (roll < 0.97) {
    await approve(engine, id, roll < 0.81 ? 'ann' : 'bob', witness);
  } else {
    const cancelled = await engine.control(id, { action: 'cancel', graceMs: 0 }, 'racer');
    witness.isCancelled ||= cancelled.status === 'answered' && cancelled.outcome === 'applied';
  }
}

async function approve(engine: Engine, id: string, by: string, witness: Witness): Promise<void> {
  const [open] = (await engine.approvals(id)) ?? [];
  const token = open?.tokens[by];
  if (token === undefined) return;
  const answered = await engine.answer(id, 'ok', { by, decision: 'approve', token });
  if (answered.status === 'answered' && answered.outcome === 'applied') witness.approvals.add(by);
}

async function recorded({ store }: Client, id: string): Promise<readonly RecordedEvent[]> {
  return (await store.events(id, null, 1_000)).flatMap(({ events }) => events);
}

it('holds under three clients', { timeout: 90_000 }, async () => {
  const clients = await Promise.all([connectClient(), connectClient(), connectClient()]);
  const ids = Array.from({ length: workflows }, (_, index) => `race${index}`);
  const witnesses = new Map<string, Witness>(ids.map((id) => [id, { pauses: [], approvals: new Set(), resuming: 0, isCancelled: false }]));
  const [first] = clients;
  await Promise.all(ids.map((id) => first.engine.start({ workflowId: id, definition, params: {}, caller: 'test' })));

  await Promise.all(
    clients.map(async (client, number) => {
      const random = randomOf(number + 1);
      for (let call = 0; call < workflows * 4; call += 1) {
        const id = ids[Math.floor(random() * workflows)] as string;
        await act(client, id, random(), witnesses.get(id) as Witness);
      }
    }),
  );

  for (const [id, witness] of witnesses) {
    for (const pause of witness.pauses) pause.to = Math.min(pause.to, Date.now());
    await first.engine.control(id, { action: 'resume' }, 'closing');
    for (const by of ['ann', 'bob']) await approve(first.engine, id, by, witness);
  }
  await vi.waitFor(
    async () => {
      const open = await Promise.all(ids.map(async (id) => ((await first.store.summary(id))?.state.status ?? '').match(/running|waiting|paused/)));
      expect(open.filter((each) => each !== null)).toHaveLength(0);
    },
    { timeout: 30_000, interval: 200 },
  );

  const ends: Record<string, number> = {};
  for (const [id, witness] of witnesses) {
    const workflow = (await first.store.load(id)) as Workflow;
    const events = await recorded(first, id);
    ends[workflow.state.status] = (ends[workflow.state.status] ?? 0) + 1;
    expectExplained(workflow, events, witness);
    expectNothingBegunInPause(workflow, witness);
    expectApprovalsKept(events, witness);
  }
  expect(ends['completed']).toBeGreaterThan(workflows / 2);
  expect(ends['cancelled']).toBeGreaterThan(0);
});

function expectExplained({ header, state }: Workflow, events: readonly RecordedEvent[], { isCancelled }: Witness): void {
  expect({ id: header.id, status: state.status }).toEqual({ id: header.id, status: isCancelled ? 'cancelled' : 'completed' });
  expect(events.at(-1)?.type).toBe(`workflow_${state.status}`);
  const [pauses, resumes] = ['workflow_paused', 'workflow_resumed'].map((type) => events.filter((event) => event.type === type).length);
  // What was at work when it was paused may have been the last of it: then it ends without a resume.
  expect((pauses ?? 0) - (resumes ?? 0)).toBeOneOf([0, 1]);
  // A pause is never followed by an assignment before its resume.
  let isPaused = false;
  for (const { type } of events) {
    if (type === 'workflow_paused') isPaused = true;
    if (type === 'workflow_resumed') isPaused = false;
    if (type === 'subtask_assigned') expect(isPaused).toBe(false);
  }
}

function expectNothingBegunInPause({ header, subtasks }: Workflow, { pauses }: Witness): void {
  for (const [subtaskId, subtask] of subtasks) {
    if (subtask.status !== 'completed' || subtask.execution === undefined) continue;
    const { startedAt } = subtask.execution;
    const broken = pauses.find(({ from, to }) => startedAt > from && startedAt < to);
    expect({ id: header.id, subtaskId, startedAt, broken }).toEqual({ id: header.id, subtaskId, startedAt, broken: undefined });
  }
}

function expectApprovalsKept(events: readonly RecordedEvent[], { approvals }: Witness): void {
  const counted = events.flatMap((event) => (event.type === 'approval_answered' ? [event.by] : []));
  for (const by of approvals) expect(counted).toContain(by);
}
