/** Create, commit and load: what was committed comes back, what lost a race left nothing behind. */
import { createWorkflow, decide, limits, type Report, type Subtask, type Workflow } from '@baton/core';
import { describe, expect, it } from 'vitest';
import { graphDefinition, headerOf, typeOf, workflowOf } from './definition-arbitrary.ts';
import type { MakeStore } from './store-contract.ts';
import { commitOne, completion, dispatchOf, patch, step, storedOf } from './stored-workflow.ts';

const chain = graphDefinition([[], [0], [1]]);
const execution = { agent: 'agent-1', attempt: 2, startedAt: 11, finishedAt: 12, usage: { tokens: 1.5 } };
const awkward = { text: 'ä "quoted" \u0000 \u2028 😀', nested: [{ a: [] }, {}, null, -1.5e300, true], '': '', __proto__x: 1 };

const tries = {
  fallback: 1,
  repairs: 2,
  overloads: 3,
  feedback: { problems: [{ path: '/a', code: 'type', message: 'It must be a number.' }], previousOutput: awkward },
};
const reported: Report = {
  workflowId: 'wf',
  subtaskId: 'n6c',
  generation: 0,
  outcome: { status: 'completed', result: awkward, contextUpdate: { a: 1 } },
  execution,
  capability: 'test.work',
  builtOn: { n6b: 11 },
};
const answer = { by: 'ann', decision: 'approve', value: awkward, comment: 'Fine.', at: 11 } as const;

const everySubtask: readonly (readonly [string, Subtask])[] = [
  ['n0', { status: 'assigned', generation: 0, assignedAt: 10, issuedAt: 12, tries }],
  ['n1', { status: 'completed', generation: 1, assignedAt: 10, settledAt: 20, result: awkward, execution }],
  ['n2', { status: 'completed', generation: 0, assignedAt: 10, settledAt: 20, result: null }],
  ['n3', { status: 'failed_permanent', generation: 2, assignedAt: 10, settledAt: 20, error: { code: 'X', message: 'It broke.', details: awkward }, execution }],
  ['n4', { status: 'failed_permanent', generation: 0, assignedAt: null, settledAt: 20, error: { code: 'X', message: 'It broke.' } }],
  ['n5', { status: 'cancelled', generation: 3, settledAt: 20 }],
  ['n6', { status: 'pending', generation: 4, tries }],
  ['n6b', { status: 'pending', generation: 0, behind: { n6: 0, 'plan/a': 0 } }],
  ['n6c', { status: 'pending', generation: 0, behind: { n6b: 0 }, reported }],
  ['n7', { status: 'retrying', generation: 1, assignedAt: 10, until: 30, tries }],
  ['n8', { status: 'running', generation: 1, assignedAt: 10, parts: { kind: 'map', items: [awkward, null] } }],
  ['n8[0]', { status: 'skipped', generation: 0, settledAt: 20, reason: 'Not wanted.' }],
  ['n8[1]', { status: 'assigned', generation: 0, assignedAt: 10, issuedAt: 10 }],
  ['n9', { status: 'waiting', generation: 0, assignedAt: 10, for: { kind: 'approval', expiresAt: 30, shown: awkward, answers: [answer] } }],
];

export function commitContract(makeStore: MakeStore): void {
  describe('commit and load', () => {
    it('knows nothing of a workflow that was never created', async () => {
      const { store } = makeStore();
      expect(await store.load('nobody')).toBeNull();
      expect(await store.summary('nobody')).toBeNull();
      expect(await store.events('nobody', null, 10)).toEqual([]);
      expect(await store.commit([])).toEqual([]);
    });

    it('creates a workflow once; a second create is a conflict and changes nothing', async () => {
      const { store } = makeStore();
      const first = workflowOf(chain, { fingerprint: 'first', params: awkward });
      const second = workflowOf(graphDefinition([[]]), { fingerprint: 'second' });
      expect(await step(store, first, [{ kind: 'started' }], 100)).toMatchObject({ status: 'committed', revision: 1 });
      expect(await step(store, second, [{ kind: 'started' }], 200)).toEqual({ status: 'conflict' });
      expect(storedOf(await store.load(first.header.id))).toEqual(storedOf(first));
      expect(await store.summary(first.header.id)).toEqual({ header: first.header, state: first.state });
    });

    it('creates no more than may be active, however many ask at once, and says of one that exists that it does', async () => {
      const { store, reopen } = makeStore();
      const start = async (id: string, by = reopen()) => {
        const workflow = workflowOf(chain, { id });
        const { patch: created, effects } = decide(workflow, [{ kind: 'started' }], 100);
        const [outcome] = await by.commit([{ workflow, patch: created, effects, activeMax: 3 }]);
        return outcome?.status;
      };
      const outcomes = await Promise.all(Array.from({ length: 9 }, async (_, index) => await start(`w${index}`)));
      expect([outcomes.filter((each) => each === 'committed'), outcomes.filter((each) => each === 'full')].map(({ length }) => length)).toEqual([3, 6]);
      expect(await store.activeCounts()).toEqual(new Map([['graph', 3]]));
      expect(await start(`w${outcomes.indexOf('committed')}`)).toBe('conflict');
      const one = (await store.load(`w${outcomes.indexOf('committed')}`)) as Workflow;
      await step(store, one, [{ kind: 'controlled', control: { action: 'terminate' }, by: 'test' }], 200);
      const refused = `w${outcomes.indexOf('full')}`;
      expect(await store.load(refused)).toBeNull();
      expect(await start(refused, store)).toBe('committed');
      expect(await start('one-more')).toBe('full');
    });

    it('holds nobody else to that bound: not what goes on, not what ends as soon as it begins', async () => {
      const { store } = makeStore();
      const [one, other] = [workflowOf(chain, { id: 'one' }), workflowOf(chain, { id: 'other' })];
      await step(store, one, [{ kind: 'started' }], 100);
      const settled = decide(one, [completion(one, 'n0')], 200);
      expect(await store.commit([{ workflow: one, ...settled, activeMax: 1 }])).toMatchObject([{ status: 'committed' }]);
      const ended = patch({ state: { status: 'cancelled', endedAt: 1, error: { code: 'X', message: 'It broke.' } } });
      expect(await store.commit([{ workflow: other, patch: ended, effects: [], activeMax: 1 }])).toMatchObject([{ status: 'committed' }]);
    });

    it('refuses to change a workflow that was never created', async () => {
      const { store } = makeStore();
      const workflow = { ...workflowOf(chain), revision: 3 };
      expect(await commitOne(store, workflow, { state: { status: 'running', expiresAt: 1 } })).toEqual({ status: 'conflict' });
      expect(await store.load(workflow.header.id)).toBeNull();
      expect((await store.list({ limit: 10 })).workflows).toEqual([]);
    });

    it('gives back a workflow as it was decided, after every step', async () => {
      const { store, reopen } = makeStore();
      const workflow = workflowOf(chain);
      await step(store, workflow, [{ kind: 'started' }], 100);
      for (const id of ['n0', 'n1', 'n2']) {
        expect(storedOf(await reopen().load(workflow.header.id))).toEqual(storedOf(workflow));
        await step(store, workflow, [completion(workflow, id, { id })], 200);
      }
      expect(workflow.state.status).toBe('completed');
      expect(storedOf(await reopen().load(workflow.header.id))).toEqual(storedOf(workflow));
    });

    it('brings every kind of subtask record back', async () => {
      const { store } = makeStore();
      const workflow = workflowOf(graphDefinition(everySubtask.map(() => [])));
      await commitOne(store, workflow, {});
      await commitOne(store, workflow, { subtasks: everySubtask });
      const loaded = await store.load(workflow.header.id);
      expect([...(loaded?.subtasks ?? [])].toSorted(([one], [other]) => one.localeCompare(other))).toEqual(everySubtask);
    });

    it('keeps what it was given by value, and leaves the workflow at hand as it is', async () => {
      const { store } = makeStore();
      const workflow = workflowOf(chain, { params: { list: [1] } });
      const result = { list: [1] };
      const before = structuredClone(workflow.subtasks);
      await store.commit([
        { workflow, patch: patch({ subtasks: [['n0', { status: 'completed', generation: 0, assignedAt: 0, settledAt: 0, result }]] }), effects: [] },
      ]);
      expect(workflow.revision).toBe(0);
      expect(workflow.subtasks).toEqual(before);
      result.list.push(2);
      expect((await store.load(workflow.header.id))?.subtasks.get('n0')).toMatchObject({ result: { list: [1] } });
    });

    it('answers each commit of a batch in its place', async () => {
      const { store } = makeStore();
      const [one, two, three] = ['one', 'two', 'three'].map((id) => workflowOf(chain, { id })) as [Workflow, Workflow, Workflow];
      await commitOne(store, two, {});
      const stale = { ...two, revision: 0 };
      const outcomes = await store.commit([one, stale, three].map((workflow) => ({ workflow, patch: patch(), effects: [] })));
      expect(outcomes.map(({ status }) => status)).toEqual(['committed', 'conflict', 'committed']);
    });

    raceContract(makeStore);
    sizeContract(makeStore);
  });
}

function raceContract(makeStore: MakeStore): void {
  it('lets one of two writers win, and nothing of the other is written', async () => {
    for (let round = 0; round < 20; round += 1) {
      const { store, reopen } = makeStore();
      const workflow = workflowOf(graphDefinition([[], []]), { id: `race-${round}` });
      await commitOne(store, workflow, { state: { status: 'running', expiresAt: 1_000 } });
      const writers = [
        { store, id: 'n0', at: 10 },
        { store: reopen(), id: 'n1', at: 20 },
      ];
      const outcomes = await Promise.all(writers.map(async (writer) => await writer.store.commit([writeOf(workflow, writer)])));
      const won = outcomes.map(([outcome]) => outcome?.status === 'committed');
      expect(won.filter(Boolean)).toHaveLength(1);

      const winner = writers[won.indexOf(true)];
      const loaded = await store.load(workflow.header.id);
      const { partition } = workflow;
      expect(loaded?.revision).toBe(2);
      expect([...(loaded?.subtasks.keys() ?? [])]).toEqual([winner?.id]);
      expect((await store.dueDeadlines(partition, 500, 10)).map(({ subtaskId }) => subtaskId)).toEqual([winner?.id]);
      expect((await store.staleOutbox(partition, 500, 10)).map(({ subtaskId }) => subtaskId)).toEqual([winner?.id]);
      expect((await store.events(workflow.header.id, null, 10)).flatMap(({ events }) => events)).toMatchObject([{ subtaskId: winner?.id }]);
      const listed = { n0: 'completed', n1: 'failed' }[winner?.id as 'n0' | 'n1'];
      for (const status of ['running', 'completed', 'failed'] as const) {
        expect((await store.list({ status, limit: 10 })).workflows).toHaveLength(status === listed ? 1 : 0);
      }
    }
  });
}

/** Touches everything a commit can touch, differently for each writer. */
function writeOf(workflow: Workflow, { id, at }: { readonly id: string; readonly at: number }) {
  const state = {
    n0: { status: 'completed', endedAt: 10_000, result: 1 },
    n1: { status: 'failed', endedAt: 10_000, error: { code: 'X', message: 'It broke.' } },
  } as const;
  return {
    workflow,
    patch: patch({
      subtasks: [[id, { status: 'assigned', generation: 0, assignedAt: at, issuedAt: at }]],
      state: state[id as 'n0' | 'n1'],
      deadlines: [{ subtaskId: id, at }],
      events: [{ type: 'subtask_cancelled', at, subtaskId: id }],
    }),
    effects: [dispatchOf(workflow, id, at)],
  };
}

function sizeContract(makeStore: MakeStore): void {
  it('holds a workflow of as many subtasks as there may be', async () => {
    const { store, reopen } = makeStore();
    const size = limits.subtasksPerWorkflowMax;
    const definition = graphDefinition([...Array.from({ length: size - 1 }, () => []), Array.from({ length: size - 1 }, (_, index) => index)]);
    const type = typeOf(definition);
    const workflow = createWorkflow(headerOf(type), type);
    await step(store, workflow, [{ kind: 'started' }], 100);
    expect(storedOf(await reopen().load(workflow.header.id))).toEqual(storedOf(workflow));
    expect(await store.staleOutbox(workflow.partition, 1_000, 2 * size)).toHaveLength(size - 1);

    const replies = [...workflow.subtasks.keys()].map((id) => completion(workflow, id, { id }));
    await step(store, workflow, replies, 200);
    expect(storedOf(await reopen().load(workflow.header.id))).toEqual(storedOf(workflow));
    expect(await store.staleOutbox(workflow.partition, 1_000, 2 * size)).toHaveLength(1);
  });
}
