/** The queue's contract: where a dispatch stands. */
import type { Assignment } from '@baton/core';
import { reportOf } from '@baton/protocol';
import { expect, test } from 'vitest';
import { exampleAssignment, exampleReply, type QueueWorld, ref, type Took, tree } from './queue-world.ts';

export function factsContract(world: () => QueueWorld, took: Took): void {
  const factsOf = async (assignment: Assignment) => (await world().queue.facts([ref(assignment)]))[0];

  test('facts come in the order of the refs, whatever the capability', async () => {
    const queued = exampleAssignment();
    const missing = exampleAssignment({ subtaskId: 'other' });
    const elsewhere = exampleAssignment({ subtaskId: 'clean', capability: 'data.clean' });
    await world().queue.dispatch([tree(queued), tree(elsewhere)]);
    expect(await world().queue.facts([ref(missing), ref(elsewhere), ref(queued)])).toEqual([
      { state: 'missing' },
      { state: 'queued', position: 0 },
      { state: 'queued', position: 0 },
    ]);
    expect(await world().queue.facts([])).toEqual([]);
  });

  test('queued: how many are before it', async () => {
    const assignments = ['a', 'b', 'c'].map((subtaskId) => exampleAssignment({ subtaskId }));
    await world().queue.dispatch(assignments.map(tree));
    expect(await world().queue.facts(assignments.map(ref))).toEqual([0, 1, 2].map((position) => ({ state: 'queued', position })));
    await took();
    expect(await world().queue.facts(assignments.slice(1).map(ref))).toEqual([0, 1].map((position) => ({ state: 'queued', position })));
  });

  test('active: who, at which attempt, how far', async () => {
    const assignment = exampleAssignment();
    await world().queue.dispatch([tree(assignment)]);
    const taken = await took('data.fetch', 'data-agent-07');
    expect(await factsOf(assignment)).toMatchObject({ state: 'active', agent: 'data-agent-07', attempt: 1, progress: null });
    await taken.progress({ percent: 40, message: 'half of it' });
    expect(await factsOf(assignment)).toMatchObject({ state: 'active', progress: { percent: 40, message: 'half of it' } });
  });

  test('completed: what a lost reply would have said', async () => {
    const assignment = exampleAssignment();
    await world().queue.dispatch([tree(assignment)]);
    const taken = await took();
    const reply = exampleReply(taken.assignment);
    await taken.finish(reply);
    expect(await factsOf(assignment)).toEqual({ state: 'completed', report: { ...reportOf(reply), capability: 'data.fetch' } });
  });

  test('delayed: until when, and why', async () => {
    const assignment = exampleAssignment();
    await world().queue.dispatch([tree(assignment)]);
    const before = Date.now();
    await (await took()).retryLater('SOURCE_DOWN: no answer', 60_000);
    const facts = await factsOf(assignment);
    expect(facts).toMatchObject({ state: 'delayed', attemptsMade: 1, lastError: 'SOURCE_DOWN: no answer' });
    expect(facts?.state === 'delayed' && facts.until).toBeGreaterThanOrEqual(before + 60_000);
    expect(facts?.state === 'delayed' && facts.until).toBeLessThanOrEqual(Date.now() + 60_000);
  });

  test('failed: why', async () => {
    const assignment = exampleAssignment();
    await world().queue.dispatch([tree(assignment)]);
    await (await took()).fail('job stalled more than allowable limit');
    expect(await factsOf(assignment)).toEqual({ state: 'failed', reason: 'job stalled more than allowable limit' });
  });
}
