/** Deadlines and the outbox: set, moved and removed with the commit that says so, read in order, cleared by name. */
import { describe, expect, it } from 'vitest';
import { graphDefinition, workflowOf } from './definition-arbitrary.ts';
import type { MakeStore } from './store-contract.ts';
import { commitOne, completion, dispatchOf, step } from './stored-workflow.ts';

const fanOut = graphDefinition([[], [], [], []]);

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
      await commitOne(store, workflow, { subtasks: [['n0', { status: 'assigned', generation: 0, assignedAt: 100 }]] });
      expect(await store.staleOutbox(workflow.partition, 1_000, 10)).toHaveLength(4);
    });
  });
}
