/** What workflows share: the conversation, if their definition says so, and the secret. Nothing else of one is seen by another. */
import { type ContextEntry, limits, type WorkflowHeader, type WorkflowState, type WorkflowStore } from '@baton/core';
import { describe, expect, it } from 'vitest';
import { graphDefinition, workflowOf } from './definition-arbitrary.ts';
import type { MakeStore } from './store-contract.ts';
import { commitOne } from './stored-workflow.ts';

const shared = { ...graphDefinition([[]]), conversation: 'shared' as const };
const error = { code: 'X', message: 'It broke.' };
type Context = readonly (readonly [path: string, entry: ContextEntry])[];
const entry = (value: ContextEntry['value'], order = 0): ContextEntry => ({ value, by: 'n0', order: [order] });

/** A workflow with that context ends; half of the context came before its end. */
async function end(store: WorkflowStore, header: Partial<WorkflowHeader>, context: Context, state: WorkflowState, definition: object = shared): Promise<void> {
  const workflow = workflowOf(definition, header);
  await commitOne(store, workflow, { state: { status: 'running', expiresAt: 1_000 }, context: context.slice(1) });
  await commitOne(store, workflow, { state, context: context.slice(0, 1) });
}

const completedAt = (endedAt: number): WorkflowState => ({ status: 'completed', endedAt, result: null });

export function conversationContract(makeStore: MakeStore): void {
  describe('conversation', () => {
    it('is what completed workflows left, as one object', async () => {
      const { store, reopen } = makeStore();
      expect(await store.conversation('c1')).toEqual({});
      await end(store, { id: 'w1', conversationId: 'c1' }, [['user.name', entry('Ann')], ['topic', entry(['a', { b: null }])]], completedAt(10)); // biome-ignore format: pairs
      await end(store, { id: 'w2', conversationId: 'c1' }, [['user.mail', entry('ann@example.org')]], completedAt(20));
      expect(await reopen().conversation('c1')).toEqual({ user: { name: 'Ann', mail: 'ann@example.org' }, topic: ['a', { b: null }] });
    });

    it('shows nothing of other conversations, of isolated workflows, and of those that did not complete', async () => {
      const { store } = makeStore();
      const context: Context = [['secret', entry(1)]];
      await end(store, { id: 'other', conversationId: 'c2' }, context, completedAt(10));
      await end(store, { id: 'none' }, context, completedAt(10));
      await end(store, { id: 'isolated', conversationId: 'c1' }, context, completedAt(10), graphDefinition([[]]));
      for (const status of ['failed', 'cancelled', 'timed_out'] as const)
        await end(store, { id: status, conversationId: 'c1' }, context, { status, endedAt: 10, error });
      const runs = workflowOf(shared, { id: 'runs', conversationId: 'c1' });
      await commitOne(store, runs, { state: { status: 'running', expiresAt: 1 }, context });
      await commitOne(store, { ...runs, revision: 0 }, { state: completedAt(10), context });
      expect(await store.conversation('c1')).toEqual({});
      expect(await store.conversation('c2')).toEqual({ secret: 1 });
    });

    it('lays what was left later over what was left earlier, by time and then by workflow', async () => {
      const { store } = makeStore();
      await end(store, { id: 'w2', conversationId: 'c' }, [['a.late', entry(2)], ['b', entry('w2')], ['d.x', entry('w2')]], completedAt(20)); // biome-ignore format: pairs
      await end(store, { id: 'w3', conversationId: 'c' }, [['b.of', entry('w3')], ['c', entry({ of: 'w3' })], ['d', entry({ of: 'w3' })]], completedAt(20)); // biome-ignore format: pairs
      await end(store, { id: 'w1', conversationId: 'c' }, [['a', entry({ early: 1, late: 1 })], ['c.of', entry('w1')]], completedAt(10)); // biome-ignore format: pairs
      expect(await store.conversation('c')).toEqual({ a: { early: 1, late: 2 }, b: { of: 'w3' }, c: { of: 'w3' }, d: { of: 'w3' } });
    });

    it('leaves of one workflow what its own context said', async () => {
      const { store } = makeStore();
      const context: Context = [['a.b', entry('hidden', 1)], ['a', entry({ c: 1 }, 2)], ['a.d', entry('over', 3)], ['e', entry('under', 1)], ['e.f.g', entry(1, 1)]]; // biome-ignore format: pairs
      await end(store, { id: 'w1', conversationId: 'c' }, context, completedAt(10));
      expect(await store.conversation('c')).toEqual({ a: { c: 1, d: 'over' }, e: { f: { g: 1 } } });
    });

    it('keeps what was left last, as many paths and bytes as there is room for, and gets what is left after that', async () => {
      const { store, reopen } = makeStore();
      const many = (name: string): Context => Array.from({ length: limits.contextPathsMax }, (_, index) => [`${name}${index}`, entry(index)]);
      await end(store, { id: 'w1', conversationId: 'c' }, many('old'), completedAt(10));
      await end(store, { id: 'w2', conversationId: 'c' }, many('new').slice(1), completedAt(20));
      const kept = Object.keys(await store.conversation('c'));
      expect(kept.filter((path) => path.startsWith('new'))).toHaveLength(limits.contextPathsMax - 1);
      expect(kept).toHaveLength(limits.contextPathsMax);
      expect(await reopen().conversation('c')).toEqual(await store.conversation('c'));

      await end(store, { id: 'w3', conversationId: 'c' }, [['big', entry('x'.repeat(limits.conversationBytesMax - 60))]], completedAt(30));
      expect(Object.keys(await store.conversation('c'))).toEqual(['big']);
      await end(store, { id: 'w4', conversationId: 'c' }, [['old1', entry('again')]], completedAt(40));
      expect(await reopen().conversation('c')).toMatchObject({ old1: 'again' });
    });

    it('gets what a workflow leaves that runs again', async () => {
      const { store } = makeStore();
      const workflow = workflowOf(shared, { conversationId: 'c' });
      await commitOne(store, workflow, { state: completedAt(10), context: [['a', entry(1)]] });
      await commitOne(store, workflow, { state: { status: 'running', expiresAt: 100 } });
      await commitOne(store, workflow, { state: completedAt(20), context: [['a', entry(2, 1)]] });
      expect(await store.conversation('c')).toEqual({ a: 2 });
    });
  });

  describe('secret', () => {
    it('is one and the same for everybody, and cannot be guessed', async () => {
      const [{ store, reopen }, other] = [makeStore(), makeStore()];
      const secrets = await Promise.all([store.secret(), reopen().secret(), reopen().secret(), store.secret()]);
      expect(new Set(secrets).size).toBe(1);
      expect(secrets[0]).toMatch(/^[0-9a-f]{64}$/);
      expect(await reopen().secret()).toBe(secrets[0]);
      expect(await other.store.secret()).not.toBe(secrets[0]);
    });
  });
}
