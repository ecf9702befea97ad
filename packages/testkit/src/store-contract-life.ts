/** The end of a workflow: what is left to do for it, and that nothing remains once it is purged. */
import { describe, expect, it } from 'vitest';
import { graphDefinition, workflowOf } from './definition-arbitrary.ts';
import type { MakeStore } from './store-contract.ts';
import { commitOne, completion, step, storedOf } from './stored-workflow.ts';

const retentionMs = 5_000;
const definition = { ...graphDefinition([[], [0]]), retention_ms: retentionMs };

export function lifeContract(makeStore: MakeStore): void {
  describe('retention', () => {
    it('leaves one deadline of an ended workflow: that of its purge', async () => {
      const { store } = makeStore();
      const workflow = workflowOf(definition);
      await step(store, workflow, [{ kind: 'started' }], 100);
      await step(store, workflow, [completion(workflow, 'n0')], 200);
      await step(store, workflow, [completion(workflow, 'n1')], 300);
      const due = await store.dueDeadlines(workflow.partition, Number.MAX_SAFE_INTEGER, 10);
      expect(due).toEqual([{ workflowId: workflow.header.id, subtaskId: null, at: 300 + retentionMs }]);
    });

    it('leaves only that deadline of a failed one, too, and nothing in the outbox', async () => {
      const { store } = makeStore();
      const workflow = workflowOf({ ...graphDefinition([[], [], [0]]), retention_ms: retentionMs });
      await step(store, workflow, [{ kind: 'started' }], 100);
      const error = { code: 'X', message: 'It broke.' };
      const report = { workflowId: workflow.header.id, subtaskId: 'n0', generation: 0, outcome: { status: 'failed', error } } as const;
      await step(store, workflow, [{ kind: 'settled', report }], 200);
      expect(workflow.state.status).toBe('failed');
      expect(await store.dueDeadlines(workflow.partition, Number.MAX_SAFE_INTEGER, 10)).toHaveLength(1);
      expect(await store.staleOutbox(workflow.partition, Number.MAX_SAFE_INTEGER, 10)).toEqual([]);
    });

    it('purges an ended workflow with everything that it left', async () => {
      const { store } = makeStore();
      const workflow = workflowOf(definition);
      await commitOne(store, workflow, {
        state: { status: 'completed', endedAt: 1, result: null },
        events: [{ type: 'workflow_completed', at: 1, durationMs: 1 }],
      });
      await store.purge(workflow.header.id);
      await store.purge(workflow.header.id);
      expect(await store.load(workflow.header.id)).toBeNull();
      expect(await store.summary(workflow.header.id)).toBeNull();
      expect(await store.events(workflow.header.id, null, 10)).toEqual([]);
      expect(await store.list({ limit: 10 })).toEqual({ workflows: [] });
      expect(await store.list({ status: 'completed', type: 'graph', limit: 10 })).toEqual({ workflows: [] });
      expect(await store.dueDeadlines(workflow.partition, Number.MAX_SAFE_INTEGER, 10)).toEqual([]);
    });

    it('leaves a workflow that runs as it is', async () => {
      const { store } = makeStore();
      const workflow = workflowOf(definition);
      await step(store, workflow, [{ kind: 'started' }], 100);
      await store.purge(workflow.header.id);
      expect(storedOf(await store.load(workflow.header.id))).toEqual(storedOf(workflow));
      expect(await store.events(workflow.header.id, null, 10)).toHaveLength(1);
      expect((await store.list({ status: 'running', limit: 10 })).workflows).toHaveLength(1);
    });

    it('lets an id be used again after the purge', async () => {
      const { store } = makeStore();
      const workflow = workflowOf(definition);
      await commitOne(store, workflow, { state: { status: 'completed', endedAt: 1, result: null } });
      await store.purge(workflow.header.id);
      const again = workflowOf(definition, { fingerprint: 'again' });
      expect(await step(store, again, [{ kind: 'started' }], 100)).toMatchObject({ status: 'committed' });
      expect(storedOf(await store.load(again.header.id))).toEqual(storedOf(again));
    });
  });
}
