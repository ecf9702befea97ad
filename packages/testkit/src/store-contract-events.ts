/** The event log: one entry per commit, in order, each chained to the one before. */
import { type EventEntry, nextEventHash, type RecordedEvent } from '@baton/core';
import { describe, expect, it } from 'vitest';
import { graphDefinition, workflowOf } from './definition-arbitrary.ts';
import type { MakeStore } from './store-contract.ts';
import { commitOne, completion, step } from './stored-workflow.ts';

/** Whether each entry's hash follows from the one before and its own events. */
function isChained(entries: readonly EventEntry[]): boolean {
  let before = '';
  return entries.every(({ events, hash }) => {
    before = nextEventHash(before, events);
    return hash === before;
  });
}

export function eventContract(makeStore: MakeStore): void {
  describe('events', () => {
    it('records one entry per commit, chained by hash', async () => {
      const { store, reopen } = makeStore();
      const workflow = workflowOf(graphDefinition([[], [0]]));
      await step(store, workflow, [{ kind: 'started' }], 100);
      await step(store, workflow, [completion(workflow, 'n0')], 200);
      const later = await reopen().load(workflow.header.id);
      if (later === null) throw new Error('The workflow is gone.');
      await step(store, later, [completion(later, 'n1', { text: 'ä 😀' })], 300);

      const entries = await store.events(workflow.header.id, null, 10);
      expect(entries.map(({ events }) => events.map(({ type }) => type))).toEqual([
        ['workflow_started', 'subtask_assigned'],
        ['subtask_completed', 'subtask_assigned'],
        ['subtask_completed', 'workflow_completed'],
      ]);
      expect(isChained(entries)).toBe(true);
      expect(entries.at(-1)?.hash).toBe(later.eventHash);
      expect(isChained(entries.toSpliced(1, 1))).toBe(false);
    });

    it('reads on after an entry, oldest first, as many as wanted', async () => {
      const { store } = makeStore();
      const workflow = workflowOf(graphDefinition([[]]));
      for (let at = 0; at < 7; at += 1) await commitOne(store, workflow, { events: [cancelled(at)] });
      const seen: number[] = [];
      let after: string | null = null;
      for (;;) {
        const page: readonly EventEntry[] = await store.events(workflow.header.id, after, 3);
        seen.push(...page.flatMap(({ events }) => events.map(({ at }) => at)));
        after = page.at(-1)?.id ?? after;
        if (page.length < 3) break;
      }
      expect(seen).toEqual([0, 1, 2, 3, 4, 5, 6]);
      expect(await store.events(workflow.header.id, after, 3)).toEqual([]);
    });

    it('counts the entries of each workflow from 1, so that an id is a place to read on from', async () => {
      const { store } = makeStore();
      const [one, other] = [workflowOf(graphDefinition([[]]), { id: 'one' }), workflowOf(graphDefinition([[]]), { id: 'other' })];
      for (let at = 0; at < 3; at += 1) for (const workflow of [one, other]) await commitOne(store, workflow, { events: [cancelled(at), cancelled(at)] });
      const idsOf = async (id: string, after: string | null, limit: number) => (await store.events(id, after, limit)).map((entry) => entry.id);
      expect(await idsOf('one', null, 10)).toEqual(['1', '2', '3']);
      expect(await idsOf('other', '1', 1)).toEqual(['2']);
      expect(await idsOf('other', '999999999999999', 10)).toEqual([]);
    });

    it('records nothing for a commit without events', async () => {
      const { store } = makeStore();
      const workflow = workflowOf(graphDefinition([[]]));
      await commitOne(store, workflow, { events: [cancelled(1)] });
      const { eventHash } = workflow;
      await commitOne(store, workflow, { deadlines: [{ subtaskId: 'n0', at: 5 }] });
      expect(workflow.eventHash).toBe(eventHash);
      expect(await store.events(workflow.header.id, null, 10)).toHaveLength(1);
    });

    it('refuses what is not the id of an event', async () => {
      const { store } = makeStore();
      for (const after of ['', 'abc', '0', '01', '-1', '1-0', '1.5', '(1', ' 1', '1\n', '99999999999999999999']) {
        await expect(store.events('nobody', after, 10)).rejects.toMatchObject({ code: 'BAD_CURSOR' });
      }
    });
  });
}

function cancelled(at: number): RecordedEvent {
  return { type: 'subtask_cancelled', at, subtaskId: 'n0' };
}
