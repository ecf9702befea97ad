/** What the end of a workflow brings with it, and what becomes of that when somebody has it run again. */
import { type ParentRef, partitionOf, type Workflow, type WorkflowState, type WorkflowStore } from '@baton/core';
import { parseReply } from '@baton/protocol';
import { describe, expect, it } from 'vitest';
import { graphDefinition, workflowOf } from './definition-arbitrary.ts';
import type { MakeStore } from './store-contract.ts';
import { commitOne, storedOf } from './stored-workflow.ts';

const definition = { ...graphDefinition([[]]), retention_ms: 5_000 };
const everything = Number.MAX_SAFE_INTEGER;
const error = { code: 'SOURCE_GONE', message: 'The source is gone.', details: { uri: 'x' } };
const parent: ParentRef = { workflowId: 'parent', subtaskId: 'plan/each[3]', generation: 2 };
const running: WorkflowState = { status: 'running', expiresAt: 1_000 };
const ends = {
  completed: { status: 'completed', endedAt: 50, result: { total: 1 } },
  failed: { status: 'failed', endedAt: 50, error },
  cancelled: { status: 'cancelled', endedAt: 50, error: { code: 'CANCELLED', message: 'Cancelled by ann.' } },
  timed_out: { status: 'timed_out', endedAt: 50, error },
} as const satisfies Record<string, WorkflowState>;

export function endContract(makeStore: MakeStore): void {
  describe('the end of a child', () => {
    it.each([
      ['completed', { status: 'completed', result: { total: 1 } }],
      ['failed', failure('CHILD_FAILED', 'failed: The source is gone.', error)],
      ['cancelled', failure('CHILD_CANCELLED', 'was cancelled: Cancelled by ann.', ends.cancelled.error)],
      ['timed_out', failure('CHILD_TIMED_OUT', 'timed out: The source is gone.', error)],
    ] as const)('is a reply to the owner of its parent: %s', async (status, outcome) => {
      const { store, childReplies } = makeStore();
      const child = workflowOf(definition, { id: 'child', parent, createdAt: 10 });
      await commitOne(store, child, { state: running });
      expect(await childReplies(partitionOf('parent'))).toEqual([]);
      await commitOne(store, child, { state: ends[status] });
      const [reply, ...more] = await childReplies(partitionOf('parent'));
      expect(more).toEqual([]);
      const execution = { agent: 'workflow/child', attempt: 1, startedAt: 10, finishedAt: 50 };
      expect(parseReply(reply ?? '')).toEqual({ ok: true, value: { ...parent, outcome, execution } });
      expect(JSON.parse(reply ?? '')).toMatchObject({ sender: 'workflow/child', metadata: { correlation_id: 'parent~plan/each[3]~2' } });
    });

    it('tells nobody else, nobody of a workflow without a parent, and nobody of an end that lost', async () => {
      const { store, childReplies } = makeStore();
      const [alone, child] = [workflowOf(definition, { id: 'alone' }), workflowOf(definition, { id: 'child', parent })];
      await commitOne(store, alone, { state: ends.completed });
      await commitOne(store, child, { state: running });
      await commitOne(store, { ...child, revision: 0 }, { state: ends.failed });
      const all = await Promise.all(Array.from({ length: 16 }, async (_, partition) => await childReplies(partition)));
      expect(all.flat()).toEqual([]);
    });
  });

  describe('a workflow that runs again', () => {
    it.each(['completed', 'failed', 'cancelled', 'timed_out'] as const)('is listed, counted and looked after as one that runs: %s', async (status) => {
      const { store, reopen } = makeStore();
      const workflow = workflowOf(definition);
      await commitOne(store, workflow, { state: running, deadlines: [{ subtaskId: null, at: 1_000 }] });
      expect(await seen(store, workflow)).toEqual({ running: 1, ended: 0, active: 1, due: [1_000] });
      await commitOne(store, workflow, { state: ends[status], deadlines: [{ subtaskId: null, at: 5_050 }] });
      expect(await seen(store, workflow)).toEqual({ running: 0, ended: 1, active: 0, due: [5_050] });
      await commitOne(store, workflow, {
        state: { status: 'running', expiresAt: 2_000 },
        subtasks: [['n0', { status: 'pending', generation: 1 }]],
        deadlines: [{ subtaskId: null, at: 2_000 }],
      });
      expect(await seen(store, workflow)).toEqual({ running: 1, ended: 0, active: 1, due: [2_000] });
      expect(storedOf(await reopen().load(workflow.header.id))).toEqual(storedOf(workflow));
      await store.purge(workflow.header.id);
      expect(storedOf(await reopen().load(workflow.header.id))).toEqual(storedOf(workflow));
      await commitOne(store, workflow, { state: ends.completed, deadlines: [{ subtaskId: null, at: 5_050 }] });
      await store.purge(workflow.header.id);
      expect(await seen(store, workflow)).toEqual({ running: 0, ended: 0, active: 0, due: [] });
    });

    it('has no other deadline at its end than the one that the patch sets', async () => {
      const { store } = makeStore();
      const workflow = workflowOf(definition);
      await commitOne(store, workflow, { state: running, deadlines: [{ subtaskId: null, at: 1_000 }] });
      await commitOne(store, workflow, { state: ends.completed, deadlines: [{ subtaskId: null, at: 77 }] });
      expect((await seen(store, workflow)).due).toEqual([77]);
    });
  });

  it('counts and lists a workflow in every state that is no end', async () => {
    const { store } = makeStore();
    const workflow = workflowOf(definition);
    const states: readonly WorkflowState[] = [
      running,
      { status: 'waiting', expiresAt: 1 },
      { status: 'paused', expiresAt: 1, pausedAt: 1, by: 'ann' },
      running,
    ];
    for (const state of states) {
      await commitOne(store, workflow, { state });
      expect(await store.activeCounts()).toEqual(new Map([['graph', 1]]));
      for (const status of ['running', 'waiting', 'paused', 'cancelled'] as const) {
        expect((await store.list({ status, limit: 5 })).workflows).toEqual(status === state.status ? [{ header: workflow.header, state }] : []);
      }
      expect(await store.summary(workflow.header.id)).toEqual({ header: workflow.header, state });
    }
  });
}

function failure(code: string, how: string, { code: cause, ...rest }: { readonly code: string; readonly message: string; readonly details?: object }) {
  return { status: 'failed', error: { code, message: `The workflow "child" ${how}`, details: { workflow_id: 'child', code: cause, ...rest } } };
}

async function seen(store: WorkflowStore, workflow: Workflow) {
  const listed = async (status: WorkflowState['status']) => (await store.list({ status, type: 'graph', limit: 5 })).workflows.length;
  const ended = await Promise.all((['completed', 'failed', 'cancelled', 'timed_out'] as const).map(listed));
  return {
    running: await listed('running'),
    ended: ended.reduce((sum, count) => sum + count),
    active: (await store.activeCounts()).get('graph') ?? 0,
    due: (await store.dueDeadlines(workflow.partition, everything, 10)).map(({ at }) => at),
  };
}
