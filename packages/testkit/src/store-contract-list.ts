/** The list: newest first, filtered, page by page, and the same workflow never twice, whatever happens between two pages. */
import type { ListQuery, WorkflowState, WorkflowStore } from '@baton/core';
import { describe, expect, it } from 'vitest';
import { workflowOf } from './definition-arbitrary.ts';
import type { MakeStore } from './store-contract.ts';
import { commitOne } from './stored-workflow.ts';

const running: WorkflowState = { status: 'running', expiresAt: 1_000_000 };
const completed: WorkflowState = { status: 'completed', endedAt: 10, result: { total: 1 } };
const failed: WorkflowState = { status: 'failed', endedAt: 10, error: { code: 'X', message: 'It broke.' } };

export function listContract(makeStore: MakeStore): void {
  describe('list', () => {
    it('is empty without workflows', async () => {
      expect(await makeStore().store.list({ limit: 10 })).toEqual({ workflows: [] });
    });

    it('filters by status and type, at every page size, over workflows of the same millisecond', async () => {
      const { store } = makeStore();
      const states = [running, completed, failed];
      const all: { readonly id: string; readonly type: string; readonly status: string; readonly createdAt: number }[] = [];
      for (let index = 0; index < 18; index += 1) {
        const listed = { id: `w${index}`, type: index % 2 === 0 ? 'even' : 'odd', createdAt: 100 + Math.floor(index / 6) };
        const state = states[index % 3] ?? running;
        await create(store, listed, state);
        all.push({ ...listed, status: state.status });
      }
      for (const status of [undefined, 'running', 'completed', 'failed', 'paused'] as const) {
        for (const type of [undefined, 'even', 'odd', 'none']) {
          const expected = all
            .filter((one) => (status ?? one.status) === one.status && (type ?? one.type) === one.type)
            .toSorted((one, other) => other.createdAt - one.createdAt || (one.id < other.id ? 1 : -1))
            .map(({ id }) => id);
          const filter = { ...(status && { status }), ...(type !== undefined && { type }) };
          for (const limit of [1, 2, 5, 18, 100]) expect(await everyPage(store, { ...filter, limit })).toEqual(expected);
        }
      }
    });

    it('shows each workflow once though others come and go between two pages', async () => {
      const { store } = makeStore();
      for (let index = 0; index < 9; index += 1) await create(store, { id: `w${index}`, createdAt: 100 }, completed);
      const first = await store.list({ limit: 3 });
      await create(store, { id: 'w9', createdAt: 100 }, running);
      await create(store, { id: 'newest', createdAt: 101 }, running);
      await create(store, { id: 'w55', createdAt: 100 }, running);
      await store.purge('w6');
      await store.purge('w3');
      const rest = await everyPage(store, { limit: 2, ...(first.cursor !== undefined && { cursor: first.cursor }) });
      expect([...first.workflows.map(({ header }) => header.id), ...rest]).toEqual(['w8', 'w7', 'w6', 'w55', 'w5', 'w4', 'w2', 'w1', 'w0']);
    });

    it('follows a workflow from status to status and gives its state', async () => {
      const { store } = makeStore();
      const workflow = workflowOf(definition('moving'));
      await commitOne(store, workflow, {});
      expect(await everyPage(store, { status: 'pending', limit: 5 })).toEqual(['wf_test']);
      await commitOne(store, workflow, { state: running });
      await commitOne(store, workflow, { state: completed });
      expect(await everyPage(store, { status: 'pending', limit: 5 })).toEqual([]);
      expect(await everyPage(store, { status: 'running', type: 'moving', limit: 5 })).toEqual([]);
      expect(await store.list({ status: 'completed', limit: 5 })).toEqual({ workflows: [{ header: workflow.header, state: completed }] });
    });

    it('refuses a cursor that it did not give', async () => {
      const { store } = makeStore();
      for (const cursor of ['', 'abc', '[', '000/x', 'MA', '💥']) {
        await expect(store.list({ limit: 1, cursor })).rejects.toMatchObject({ code: 'BAD_CURSOR' });
      }
    });

    it('counts what has not ended, by type', async () => {
      const { store } = makeStore();
      expect(await store.activeCounts()).toEqual(new Map());
      const ending = workflowOf(definition('a'), { id: 'w1' });
      await commitOne(store, ending, { state: running });
      await create(store, { id: 'w2', type: 'a', createdAt: 1 }, running);
      await create(store, { id: 'w3', type: 'b', createdAt: 1 }, running);
      await create(store, { id: 'w4', type: 'b', createdAt: 1 }, completed);
      expect(await store.activeCounts()).toEqual(new Map([['a', 2], ['b', 1]])); // biome-ignore format: pairs
      await commitOne(store, ending, { state: failed });
      await commitOne(store, workflowOf(definition('b'), { id: 'w3' }), { state: running });
      expect(await store.activeCounts()).toEqual(new Map([['a', 1], ['b', 1]])); // biome-ignore format: pairs
    });
  });
}

function definition(name: string) {
  return { name, version: 1, nodes: [{ id: 'n0', capability: 'test.work' }] };
}

async function create(
  store: WorkflowStore,
  { type = 'list', ...header }: { readonly id: string; readonly type?: string; readonly createdAt: number },
  state: WorkflowState,
) {
  await commitOne(store, workflowOf(definition(type), header), { state });
}

async function everyPage(store: WorkflowStore, query: ListQuery): Promise<readonly string[]> {
  const page = await store.list(query);
  expect(page.workflows.length).toBeLessThanOrEqual(query.limit);
  const ids = page.workflows.map(({ header }) => header.id);
  return page.cursor === undefined ? ids : [...ids, ...(await everyPage(store, { ...query, cursor: page.cursor }))];
}
