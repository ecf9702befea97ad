/** What a workflow holds beside its subtasks: its context, what came early, and the flags for its agents. */
import type { ContextEntry, InboxItem } from '@baton/core';
import { describe, expect, it } from 'vitest';
import { graphDefinition, workflowOf } from './definition-arbitrary.ts';
import type { MakeStore } from './store-contract.ts';
import { commitOne, storedOf } from './stored-workflow.ts';

const awkward = { text: 'ä "quoted" \u0000 😀', list: [1, null], '': '' };
const entry = (value: ContextEntry['value'], ...order: number[]): ContextEntry => ({ value, by: 'n0', order });
const signal = (id: string, at: number): InboxItem => ({ kind: 'signal', id, signal: 'go', payload: awkward, by: 'ann', at });
const answer = (id: string, at: number): InboxItem => ({ kind: 'answer', id, subtaskId: 'n1', answer: { by: 'bob', decision: 'reject', comment: 'No.', at } });

export function dataContract(makeStore: MakeStore): void {
  describe('context, inbox and flags', () => {
    it('brings the context back, path by path, with what a later commit changed', async () => {
      const { store, reopen } = makeStore();
      const workflow = workflowOf(graphDefinition([[], []]));
      await commitOne(store, workflow, { context: [['intermediate.score', entry(1, 0, 0)], ['report', entry(awkward, 1, 0)]] }); // biome-ignore format: pairs
      await commitOne(store, workflow, { context: [['intermediate.score', entry(2, 2, 0, 1)], ['intermediate', entry({ other: true }, 0, 1)]] }); // biome-ignore format: pairs
      const loaded = await reopen().load(workflow.header.id);
      expect(storedOf(loaded)).toEqual(storedOf(workflow));
      expect(loaded?.view).toEqual({ intermediate: { score: 2, other: true }, report: awkward });
    });

    it('takes a path for a path, whatever it is called', async () => {
      const { store, reopen } = makeStore();
      const workflow = workflowOf(graphDefinition([[]]));
      await commitOne(store, workflow, { context: [['__proto__.x', entry(1, 0)]] });
      expect(Object.entries((await reopen().load(workflow.header.id))?.view ?? {})).toEqual([['__proto__', { x: 1 }]]);
    });

    it('keeps what came early until it is taken out, in the order in which it came', async () => {
      const { store, reopen } = makeStore();
      const workflow = workflowOf(graphDefinition([[], []]));
      const items = [signal('late', 30), answer('b', 10), signal('a', 10), signal('first', 5)];
      await commitOne(store, workflow, { inbox: items.slice(2).map((item) => [item.id, item]) });
      await commitOne(store, workflow, { inbox: items.slice(0, 2).map((item) => [item.id, item]) });
      expect(storedOf(await reopen().load(workflow.header.id))).toEqual(storedOf(workflow));
      await commitOne(store, workflow, { inbox: [['first', null], ['never', null]] }); // biome-ignore format: pairs
      const loaded = await reopen().load(workflow.header.id);
      expect(storedOf(loaded)).toEqual(storedOf(workflow));
      expect([...(loaded?.inbox.values() ?? [])].map(({ id }) => id).toSorted()).toEqual(['a', 'b', 'late']);
    });

    it('loads early signals by the time at which they came, however many there are', async () => {
      const { store, reopen } = makeStore();
      const workflow = workflowOf(graphDefinition([[]]));
      const ids = Array.from({ length: 600 }, (_, index) => `s${(index * 7) % 600}`);
      for (let from = 0; from < ids.length; from += 100) {
        await commitOne(store, workflow, { inbox: ids.slice(from, from + 100).map((id, index) => [id, signal(id, from + index)]) });
      }
      expect([...((await reopen().load(workflow.header.id))?.inbox.keys() ?? [])]).toEqual(ids);
    });

    it('shows agents the flags that stand, of this workflow only', async () => {
      const { store, control } = makeStore();
      const workflow = workflowOf(graphDefinition([[], []]));
      expect(await control(workflow.header.id)).toEqual({});
      await commitOne(store, workflow, { control: [{ key: '*', flag: 'paused' }, { key: 'n0[1]~2', flag: 'cancelled:100' }] }); // biome-ignore format: pairs
      expect(await control(workflow.header.id)).toEqual({ '*': 'paused', 'n0[1]~2': 'cancelled:100' });
      await commitOne(store, workflow, { control: [{ key: '*', flag: null }, { key: 'n0[1]~2', flag: 'cancelled:50' }, { key: 'n9~0', flag: null }] }); // biome-ignore format: pairs
      expect(await control(workflow.header.id)).toEqual({ 'n0[1]~2': 'cancelled:50' });
      expect(await control('other')).toEqual({});
    });

    it('writes none of it for a commit that lost', async () => {
      const { store, reopen, control } = makeStore();
      const workflow = workflowOf(graphDefinition([[]]));
      await commitOne(store, workflow, {});
      const stale = { ...workflow, revision: 0 };
      const changes = { context: [['a', entry(1, 0)]], inbox: [['s', signal('s', 1)]], control: [{ key: '*', flag: 'paused' }] } as const;
      expect(await commitOne(store, stale, changes)).toEqual({ status: 'conflict' });
      expect(storedOf(await reopen().load(workflow.header.id))).toEqual(storedOf(workflow));
      expect(await control(workflow.header.id)).toEqual({});
    });

    it('keeps the flags of a purged workflow, whose work may still be queued, from the next one of its id', async () => {
      const { store, control } = makeStore();
      const workflow = workflowOf(graphDefinition([[]]));
      const state = { status: 'cancelled', endedAt: 1, error: { code: 'CANCELLED', message: 'Cancelled.' } } as const;
      await commitOne(store, workflow, { context: [['a', entry(1, 0)]], state, control: [{ key: '*', flag: 'cancelled:1' }] });
      await store.purge(workflow.header.id);
      expect(await control(workflow.header.id)).toEqual({ '*': 'cancelled:1' });
      const again = workflowOf(graphDefinition([[]]));
      await commitOne(store, again, {});
      expect(await control(workflow.header.id)).toEqual({});
      expect((await store.load(workflow.header.id))?.context.size).toBe(0);
    });
  });
}
