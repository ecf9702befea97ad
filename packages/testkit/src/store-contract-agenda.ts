/** Deadlines and the outbox: set, moved and removed with the commit that says so, read in order, cleared by name. */
import type { Effect, Subtask, Workflow } from '@baton/core';
import { describe, expect, it } from 'vitest';
import { graphDefinition, workflowOf } from './definition-arbitrary.ts';
import type { MakeStore } from './store-contract.ts';
import { commitOne, completion, dispatchOf, step } from './stored-workflow.ts';

const fanOut = graphDefinition([[], [], [], []]);
const parts = ['map[3]', 'map[31]', 'refine#2/generate', 'plan/a', 'plan/a/1', 'plan/inner[0]', 'plan/inner#10/critique'];

export function agendaContract(makeStore: MakeStore): void {
  describe('deadlines', () => {
    it('come due in order, at their time and not before, as many as wanted', async () => {
      const { store } = makeStore();
      const workflow = workflowOf(fanOut);
      const { id } = workflow.header;
      const deadlines = [
        { subtaskId: 'n0', at: 30 },
        { subtaskId: 'n1', at: 10 },
        { subtaskId: null, at: 20 },
        { subtaskId: 'n2', at: 40 },
      ];
      await commitOne(store, workflow, { deadlines });
      expect(await store.dueDeadlines(workflow.partition, 9, 10)).toEqual([]);
      expect(await store.dueDeadlines(workflow.partition, 30, 10)).toEqual([
        { workflowId: id, subtaskId: 'n1', at: 10 },
        { workflowId: id, subtaskId: null, at: 20 },
        { workflowId: id, subtaskId: 'n0', at: 30 },
      ]);
      expect(await store.dueDeadlines(workflow.partition, 30, 1)).toHaveLength(1);
      expect(await store.dueDeadlines((workflow.partition + 1) % 16, 100, 10)).toEqual([]);
    });

    it('are moved and removed by later commits', async () => {
      const { store } = makeStore();
      const workflow = workflowOf(fanOut);
      await commitOne(store, workflow, { deadlines: ['n0', 'n1', 'n2'].map((subtaskId) => ({ subtaskId, at: 10 })) });
      await commitOne(store, workflow, {
        deadlines: [
          { subtaskId: 'n0', at: 50 },
          { subtaskId: 'n1', at: null },
          { subtaskId: 'n3', at: null },
        ],
      });
      const due = await store.dueDeadlines(workflow.partition, 100, 10);
      expect(due.map(({ subtaskId, at }) => [subtaskId, at])).toEqual([
        ['n2', 10],
        ['n0', 50],
      ]);
    });

    it('are put off, if they are still there, and never brought forward', async () => {
      const { store } = makeStore();
      const workflow = workflowOf(fanOut);
      const deadlines = [
        { subtaskId: 'n0', at: 10 },
        { subtaskId: 'n1', at: 90 },
      ];
      await commitOne(store, workflow, { deadlines });
      const workflowId = workflow.header.id;
      const known = ['n0', 'n1', 'n2'].map((subtaskId) => ({ workflowId, subtaskId, at: 10 }));
      await store.postpone(workflow.partition, [...known, { workflowId, subtaskId: null, at: 10 }], 50);
      await store.postpone(workflow.partition, [], 70);
      expect((await store.dueDeadlines(workflow.partition, 100, 10)).map(({ subtaskId, at }) => [subtaskId, at])).toEqual([
        ['n0', 50],
        ['n1', 90],
      ]);
    });

    it('of a workflow that is gone are dropped, those of one that exists are kept', async () => {
      const { store } = makeStore();
      const workflow = workflowOf(fanOut);
      await commitOne(store, workflow, { deadlines: [{ subtaskId: null, at: 10 }] });
      const [due] = await store.dueDeadlines(workflow.partition, 10, 10);
      if (due === undefined) throw new Error('The deadline is gone.');
      await store.dropDeadline(workflow.partition, due);
      expect(await store.dueDeadlines(workflow.partition, 10, 10)).toEqual([due]);

      await commitOne(store, workflow, { state: { status: 'completed', endedAt: 1, result: null }, deadlines: [{ subtaskId: 'n0', at: 10 }] });
      await store.purge(workflow.header.id);
      const [left] = await store.dueDeadlines(workflow.partition, 10, 10);
      expect(left).toMatchObject({ subtaskId: 'n0' });
      if (left !== undefined) await store.dropDeadline(workflow.partition, left);
      expect(await store.dueDeadlines(workflow.partition, 10, 10)).toEqual([]);
    });
  });

  it('names the partitions that have something due, by their deadlines and by their outbox', async () => {
    const { store } = makeStore();
    const workflow = workflowOf(fanOut);
    const { partition } = workflow;
    const before = (partition + 15) % 16;
    const partitions = [before, partition, (partition + 1) % 16];
    await commitOne(store, workflow, { deadlines: [{ subtaskId: 'n0', at: 30 }] }, [dispatchOf(workflow, 'n1', 20)]);
    expect(await store.partitionsDue(partitions, 29, 20)).toEqual([]);
    expect(await store.partitionsDue(partitions, 30, 20)).toEqual([partition]);
    expect(await store.partitionsDue(partitions, 29, 21)).toEqual([partition]);
    expect(await store.partitionsDue([before], 100, 100)).toEqual([]);
    expect(await store.partitionsDue([], 100, 100)).toEqual([]);
  });

  it('tells the parts of composites apart, in deadlines and in the outbox', async () => {
    const { store } = makeStore();
    const workflow = workflowOf(fanOut);
    await commitOne(
      store,
      workflow,
      { deadlines: parts.map((subtaskId, at) => ({ subtaskId, at })) },
      parts.map((id, at) => dispatchOf(workflow, id, at, at + 10)),
    );
    const { partition } = workflow;
    const workflowId = workflow.header.id;
    expect(await store.dueDeadlines(partition, 100, 100)).toEqual(parts.map((subtaskId, at) => ({ workflowId, subtaskId, at })));
    expect(await store.staleOutbox(partition, 100, 100)).toEqual(parts.map((subtaskId, at) => ({ workflowId, subtaskId, generation: at + 10 })));
    await store.clearOutbox(partition, [{ workflowId, subtaskId: 'plan/a/1', generation: 14 }]);
    await commitOne(store, workflow, { deadlines: [{ subtaskId: 'plan/a/1', at: null }] });
    const left = parts.filter((id) => id !== 'plan/a/1');
    expect((await store.dueDeadlines(partition, 100, 100)).map(({ subtaskId }) => subtaskId)).toEqual(left);
    expect((await store.staleOutbox(partition, 100, 100)).map(({ subtaskId }) => subtaskId)).toEqual(left);
  });

  describe('outbox', () => {
    it('holds what was dispatched before a time, oldest first, until it is cleared', async () => {
      const { store } = makeStore();
      const workflow = workflowOf(fanOut);
      const { id } = workflow.header;
      await commitOne(store, workflow, {}, [dispatchOf(workflow, 'n0', 20), dispatchOf(workflow, 'n1', 10), dispatchOf(workflow, 'n2', 30, 4)]);
      expect(await store.staleOutbox(workflow.partition, 10, 10)).toEqual([]);
      expect(await store.staleOutbox(workflow.partition, 31, 10)).toEqual([
        { workflowId: id, subtaskId: 'n1', generation: 0 },
        { workflowId: id, subtaskId: 'n0', generation: 0 },
        { workflowId: id, subtaskId: 'n2', generation: 4 },
      ]);
      expect(await store.staleOutbox(workflow.partition, 31, 2)).toHaveLength(2);

      await store.clearOutbox(workflow.partition, [
        { workflowId: id, subtaskId: 'n1', generation: 0 },
        { workflowId: id, subtaskId: 'n2', generation: 3 },
      ]);
      await store.clearOutbox(workflow.partition, []);
      expect((await store.staleOutbox(workflow.partition, 31, 10)).map(({ subtaskId }) => subtaskId)).toEqual(['n0', 'n2']);
    });

    it('holds each effect that a death must not lose, and no other', async () => {
      const { store } = makeStore();
      const workflow = workflowOf(fanOut);
      await commitOne(store, workflow, {}, everyEffect(workflow));
      const { id: workflowId } = workflow.header;
      expect(await store.staleOutbox(workflow.partition, 100, 10)).toEqual([
        { workflowId, subtaskId: 'n0', generation: 1 },
        { workflowId, subtaskId: 'n1', generation: 2 },
        { workflowId, subtaskId: 'n2', generation: 3 },
      ]);
    });

    it('holds everything that goes out together, each by itself', async () => {
      const { store } = makeStore();
      const workflow = workflowOf(fanOut);
      const of = (id: string, ...inputs: readonly ReturnType<typeof dispatchOf>[]) => dispatchOf(workflow, id, 10, 0, inputs);
      await commitOne(store, workflow, {}, [of('n0', of('n1', of('n2')), of('n3'))]);
      const { partition } = workflow;
      expect((await store.staleOutbox(partition, 100, 10)).map(({ subtaskId }) => subtaskId)).toEqual(['n0', 'n1', 'n2', 'n3']);
      await store.clearOutbox(partition, [{ workflowId: workflow.header.id, subtaskId: 'n0', generation: 0 }]);
      expect((await store.staleOutbox(partition, 100, 10)).map(({ subtaskId }) => subtaskId)).toEqual(['n1', 'n2', 'n3']);
    });

    it.each(answered)('forgets what a subtask left: %j', async (before, after, isLeft) => {
      const { store } = makeStore();
      const workflow = workflowOf(fanOut);
      await commitOne(store, workflow, { subtasks: [['n0', before]] }, [dispatchOf(workflow, 'n0', 10, before.generation)]);
      await commitOne(
        store,
        workflow,
        { subtasks: [['n0', after]] },
        after.generation === before.generation ? [] : [dispatchOf(workflow, 'n0', 20, after.generation)],
      );
      const generations = (await store.staleOutbox(workflow.partition, 100, 10)).map(({ generation }) => generation);
      expect(generations).toEqual(isLeft ? (after.generation === before.generation ? [] : [after.generation]) : [before.generation]);
    });

    it('forgets a dispatch that is settled or made again', async () => {
      const { store } = makeStore();
      const workflow = workflowOf(fanOut);
      await step(store, workflow, [{ kind: 'started' }], 100);
      expect(await store.staleOutbox(workflow.partition, 1_000, 10)).toHaveLength(4);
      const lost = { kind: 'checked', subtaskId: 'n1', generation: 0, facts: { state: 'missing' } } as const;
      await step(store, workflow, [completion(workflow, 'n0'), lost], 200);
      const left = await store.staleOutbox(workflow.partition, 1_000, 10);
      expect(left.map(({ subtaskId, generation }) => `${subtaskId}/${generation}`)).toEqual(['n2/0', 'n3/0', 'n1/1']);
    });

    it('keeps a dispatch whose subtask is written again as it is', async () => {
      const { store } = makeStore();
      const workflow = workflowOf(fanOut);
      await step(store, workflow, [{ kind: 'started' }], 100);
      await commitOne(store, workflow, { subtasks: [['n0', { status: 'assigned', generation: 0, assignedAt: 100, issuedAt: 100 }]] });
      expect(await store.staleOutbox(workflow.partition, 1_000, 10)).toHaveLength(4);
    });
  });
}

const times = { assignedAt: 10, issuedAt: 10 };
const waiting: Subtask = { status: 'waiting', generation: 0, assignedAt: 10, for: { kind: 'approval', expiresAt: 90, shown: {}, answers: [] } };
const answer = { by: 'ann', decision: 'approve', at: 20 } as const;
const marked: Subtask = { status: 'pending', generation: 0, behind: { n1: 0 } };
const tries = { fallback: 0, repairs: 0, overloads: 1 };

/** What a subtask was, what it became, and whether it left the generation that it was dispatched in. */
const answered: readonly (readonly [before: Subtask, after: Subtask, isLeft: boolean])[] = [
  [{ status: 'assigned', generation: 0, ...times }, { status: 'assigned', generation: 0, ...times, issuedAt: 11 }, false],
  [{ status: 'assigned', generation: 0, ...times }, { status: 'assigned', generation: 1, ...times }, true],
  [{ status: 'assigned', generation: 0, ...times }, { status: 'retrying', generation: 0, assignedAt: 10, until: 50, tries }, true],
  [{ status: 'assigned', generation: 2, ...times }, { status: 'pending', generation: 3 }, true],
  [marked, { ...marked, reported: { workflowId: 'wf_test', subtaskId: 'n0', generation: 0, outcome: { status: 'held' } } }, false],
  [marked, { status: 'assigned', generation: 0, ...times }, true],
  [marked, { status: 'pending', generation: 1 }, true],
  [marked, { status: 'cancelled', generation: 0, settledAt: 20 }, true],
  [{ status: 'assigned', generation: 0, ...times }, { status: 'running', generation: 0, assignedAt: 10, parts: { kind: 'map', items: [] } }, true],
  [{ status: 'retrying', generation: 0, assignedAt: 10, until: 50, tries }, { status: 'cancelled', generation: 0, settledAt: 20 }, true],
  [waiting, { ...waiting, for: { kind: 'approval', expiresAt: 90, shown: {}, answers: [answer] } }, false],
  [waiting, { status: 'completed', generation: 0, assignedAt: 10, settledAt: 20, result: null }, true],
  [waiting, { status: 'failed_permanent', generation: 0, assignedAt: 10, settledAt: 20, error: { code: 'EXPIRED', message: 'Nobody came.' } }, true],
];

function everyEffect(workflow: Workflow): readonly Effect[] {
  const subject = { workflowId: workflow.header.id, workflowType: 'graph@1' };
  return [
    dispatchOf(workflow, 'n0', 10, 1),
    {
      kind: 'start_child',
      start: {
        parent: { workflowId: workflow.header.id, subtaskId: 'n1', generation: 2 },
        workflowId: 'child',
        type: 't',
        version: 1,
        params: {},
        caller: 'c',
        depth: 1,
        issuedAt: 20,
      },
    },
    { kind: 'notify', notification: { ...subject, subtaskId: 'n2', generation: 3, url: 'http://x', shown: {}, approvers: [], expiresAt: 90, issuedAt: 30 } },
    { kind: 'control_child', subtaskId: 'n3', workflowId: 'child', control: 'pause', graceMs: 0, by: 'ann' },
  ];
}
