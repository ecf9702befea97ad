/** Workflow types: a version's content never changes, `latest` is the highest version, and a definition outlives the cache. */
import { limits } from '@baton/core';
import { describe, expect, it } from 'vitest';
import { typeOf, workflowOf } from './definition-arbitrary.ts';
import type { MakeStore } from './store-contract.ts';
import { commitOne, storedOf } from './stored-workflow.ts';

function definition(version: number, capability = 'test.work', name = 'sales') {
  return { name, version, nodes: [{ id: 'n0', capability, params: { source: '$params.source', b: 1, a: 2 } }], result: { report: '$steps.n0' } };
}

export function typeContract(makeStore: MakeStore): void {
  describe('types', () => {
    it('registers a version once, and never with other content', async () => {
      const { store, reopen } = makeStore();
      const type = typeOf(definition(1));
      expect(await store.register(type, 1)).toBe('registered');
      expect(await reopen().register(typeOf(definition(1)), 2)).toBe('existing');
      expect(await reopen().register(typeOf(definition(1, 'test.other')), 3)).toBe('conflict');
      expect(await reopen().findType('sales', 1)).toEqual(type);
    });

    it('lets one of many that register at once win', async () => {
      const { store, reopen } = makeStore();
      const candidates = [1, 2, 3, 4].map((index) => typeOf(definition(1, `test.work${index}`)));
      const outcomes = await Promise.all(candidates.map(async (type) => await reopen().register(type, 1)));
      expect(outcomes.toSorted()).toEqual(['conflict', 'conflict', 'conflict', 'registered']);
      expect(await store.findType('sales', 1)).toEqual(candidates[outcomes.indexOf('registered')]);
    });

    it('finds the highest version as latest', async () => {
      const { store, reopen } = makeStore();
      for (const version of [2, 10, 9]) await store.register(typeOf(definition(version)), 1);
      expect((await reopen().findType('sales', 'latest'))?.version).toBe(10);
      expect((await reopen().findType('sales', 9))?.version).toBe(9);
      expect(await store.findType('sales', 3)).toBeNull();
      expect(await store.findType('nothing', 'latest')).toBeNull();
      expect(await store.findType('nothing', 1)).toBeNull();
    });

    it('keeps the highest versions of a type, and what runs in another one', async () => {
      const { store, reopen } = makeStore();
      const workflow = workflowOf(definition(2), { id: 'w1' });
      await Promise.all(Array.from({ length: limits.versionsPerTypeMax }, (_, index) => store.register(typeOf(definition(index + 2)), 1)));
      await commitOne(store, workflow, {});
      expect(await store.register(typeOf(definition(1)), 1)).toBe('full');
      expect(await store.register(typeOf(definition(5_000)), 1)).toBe('registered');
      expect(await reopen().findType('sales', 2)).toBeNull();
      expect((await reopen().findType('sales', 'latest'))?.version).toBe(5_000);
      expect((await store.types())[0]?.versions).toHaveLength(limits.versionsPerTypeMax);
      expect(storedOf(await reopen().load('w1'))).toEqual(storedOf(workflow));
    });

    it('takes no more types than there is room for, and further versions of those that it has', async () => {
      const { store } = makeStore();
      await Promise.all(Array.from({ length: limits.typesMax }, (_, index) => store.register(typeOf(definition(1, 'test.work', `type${index}`)), 1)));
      expect(await store.register(typeOf(definition(1)), 1)).toBe('full');
      expect(await store.register(typeOf(definition(2, 'test.work', 'type7')), 1)).toBe('registered');
      expect(await store.register(typeOf(definition(1, 'test.work', 'type7')), 1)).toBe('existing');
    });

    it('lists all types with their versions, in order', async () => {
      const { store } = makeStore();
      expect(await store.types()).toEqual([]);
      for (const version of [10, 2]) await store.register(typeOf(definition(version)), 1);
      await store.register(typeOf(definition(1, 'test.work', 'audit')), 1);
      expect(await store.types()).toEqual([
        { name: 'audit', versions: [1] },
        { name: 'sales', versions: [2, 10] },
      ]);
    });

    it('keeps how many of a type may be active, until somebody takes that away', async () => {
      const { store, reopen } = makeStore();
      expect(await store.typeLimits()).toEqual(new Map());
      await store.limitType('sales', 3);
      await store.limitType('audit', 1);
      await store.limitType('sales', 4);
      await store.limitType('audit', null);
      expect(await reopen().typeLimits()).toEqual(new Map([['sales', 4]]));
    });

    it('keeps the definition that a workflow brought along, registered or not', async () => {
      const { store, reopen } = makeStore();
      const registered = workflowOf(definition(1), { id: 'w1' });
      const inline = workflowOf(definition(7, 'test.inline'), { id: 'w2' });
      await store.register(registered.type, 1);
      await commitOne(store, registered, {});
      await commitOne(store, inline, {});
      expect(storedOf(await reopen().load('w1'))).toEqual(storedOf(registered));
      expect(storedOf(await reopen().load('w2'))).toEqual(storedOf(inline));
      expect(await store.types()).toEqual([{ name: 'sales', versions: [1] }]);
    });
  });
}
