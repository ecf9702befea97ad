/** The queue's contract: trees, in which it starts a subtask itself when those that it depends on are done. */
import type { Assignment, Binding, Json, Outcome, Tree } from '@baton/core';
import { expect, test } from 'vitest';
import { exampleAssignment, exampleReply, type QueueWorld, ref, type TakenAssignment, type Took, tree } from './queue-world.ts';

const completed = (result: Json): Outcome => ({ status: 'completed', result });
const failed: Outcome = { status: 'failed', error: { code: 'NO_SUCH_FILE', message: 'There is no such file.' } };

/** A place in the parameters for the result of an input, or a part of it. */
const bind = (at: string, input: string, ...path: readonly string[]): Binding => ({ at: [at], input, path, optional: false });

/** A subtask behind others, with a place in its parameters for each of these. */
function behind(subtaskId: string, inputs: readonly Tree[], bindings: readonly Binding[], change: Partial<Assignment> = {}): Tree {
  const parameters = { keep: 'me', ...Object.fromEntries(bindings.map(({ at: [name] }) => [name, null])) };
  const ids = inputs.map(({ assignment }) => assignment.subtaskId);
  return { assignment: exampleAssignment({ subtaskId, capability: `data.${subtaskId}`, parameters, bindings, inputs: ids, ...change }), inputs };
}

export function treesContract(world: () => QueueWorld, took: Took): void {
  const isWaiting = async (capability: string): Promise<boolean> => (await world().take(capability, 'data-agent-01')) === null;

  async function finish(taken: TakenAssignment, outcome: Outcome): Promise<void> {
    const reply = exampleReply(taken.assignment, 'data-agent-01', outcome);
    await taken.reply(reply);
    await taken.finish(reply);
  }

  /** fetch → clean → chart */
  const chain = (): Tree => {
    const clean = behind('clean', [tree(exampleAssignment())], [bind('uri', 'fetch', 'uri')]);
    return behind('chart', [clean], [bind('rows', 'clean')]);
  };

  test('a chain runs from its far end, each subtask with what the one before it has brought', async () => {
    await world().queue.dispatch([chain()]);
    expect([await isWaiting('data.clean'), await isWaiting('data.chart')]).toEqual([true, true]);
    await finish(await took(), completed({ uri: 'file:///sales.json' }));
    expect(await isWaiting('data.chart')).toBe(true);
    const clean = await took('data.clean');
    expect([clean.isBlocked, clean.assignment.payload.parameters]).toEqual([false, { keep: 'me', uri: 'file:///sales.json' }]);
    await finish(clean, completed([1, 2]));
    expect((await took('data.chart')).assignment.payload.parameters).toEqual({ keep: 'me', rows: [1, 2] });
  });

  test('a fan-in begins with the last of its inputs, and has them all, those too that it only waits for', async () => {
    const inputs = ['a', 'b', 'c'].map((subtaskId) => tree(exampleAssignment({ subtaskId })));
    await world().queue.dispatch([behind('chart', inputs, [bind('one', 'a'), bind('two', 'c', 'deep', '1')])]);
    for (const result of [null, 'only waited for', { deep: [1, '$params.x'] }]) {
      expect(await isWaiting('data.chart')).toBe(true);
      await finish(await took(), completed(result));
    }
    const chart = await took('data.chart');
    expect(chart.isBlocked).toBe(false);
    // A result is data: what looks like a reference in it is none.
    expect(chart.assignment).toMatchObject({ payload: { parameters: { keep: 'me', one: null, two: '$params.x' } }, metadata: { inputs: ['a', 'b', 'c'] } });
  });

  test.each<[what: string, outcome: Outcome]>([
    ['failed', failed],
    ['was held', { status: 'held' }],
    ['was blocked itself', { status: 'blocked' }],
    ['found its agent overloaded', { status: 'overloaded', retryAfterMs: 1_000 }],
    ['lacks what must be there', completed({ url: 'file:///sales.json' })],
  ])('what stands behind an input that %s is blocked, and so on to the root', async (_what, outcome) => {
    await world().queue.dispatch([chain()]);
    await finish(await took(), outcome);
    const clean = await took('data.clean');
    expect(clean.isBlocked).toBe(true);
    await finish(clean, { status: 'blocked' });
    expect((await took('data.chart')).isBlocked).toBe(true);
  });

  test('one of several inputs is enough to block, also one that is only waited for', async () => {
    const inputs = ['a', 'b'].map((subtaskId) => tree(exampleAssignment({ subtaskId })));
    await world().queue.dispatch([behind('chart', inputs, [bind('one', 'a')])]);
    await finish(await took(), completed(1));
    expect(await isWaiting('data.chart')).toBe(true);
    await finish(await took(), failed);
    expect((await took('data.chart')).isBlocked).toBe(true);
  });

  test('an input that the queue gave up, so that nobody replied, counts as done and has brought nothing', async () => {
    await world().queue.dispatch([chain()]);
    await (await took()).fail('job stalled more than allowable limit');
    expect((await took('data.clean')).isBlocked).toBe(true);
  });

  test('what may be absent is left out', async () => {
    const optional: Binding = { ...bind('note', 'fetch', 'note'), optional: true };
    await world().queue.dispatch([behind('chart', [tree(exampleAssignment())], [bind('uri', 'fetch', 'uri'), optional])]);
    await finish(await took(), completed({ uri: 'x' }));
    expect((await took('data.chart')).assignment.payload.parameters).toEqual({ keep: 'me', uri: 'x' });
  });

  test('an input that waits for its next attempt is waited for', async () => {
    await world().queue.dispatch([chain()]);
    await (await took()).retryLater('SOURCE_DOWN: no answer', 60_000);
    expect(await isWaiting('data.clean')).toBe(true);
  });

  test('a reply stands in its stream like any other, a blocked one too', async () => {
    await world().queue.dispatch([chain()]);
    await finish(await took(), failed);
    const clean = await took('data.clean');
    await finish(clean, { status: 'blocked' });
    const { workflowId, partition } = exampleAssignment();
    const reader = await world().reader();
    reader.own([partition]);
    const replies = (await reader.read(500)).map(({ report }) => `${report?.workflowId} ${report?.subtaskId} ${report?.outcome.status}`);
    expect(new Set(replies)).toEqual(new Set([`${workflowId} clean blocked`, `${workflowId} fetch failed`]));
  });

  test('what stands behind inputs is in the queue, and waits for no agent', async () => {
    const { assignment } = chain();
    await world().queue.dispatch([chain()]);
    expect(await world().queue.facts([ref(assignment)])).toEqual([{ state: 'queued', position: null }]);
    expect(await world().queue.capabilities(['data.chart', 'data.fetch'])).toMatchObject([{ queued: 0 }, { queued: 1 }]);
  });

  test('the same tree twice runs once', async () => {
    await world().queue.dispatch([chain()]);
    await world().queue.dispatch([chain()]);
    await finish(await took(), completed({ uri: 'x' }));
    expect(await isWaiting('data.fetch')).toBe(true);
    await finish(await took('data.clean'), completed([]));
    await took('data.chart');
    expect([await isWaiting('data.clean'), await isWaiting('data.chart')]).toEqual([true, true]);
  });

  test('many trees and single subtasks in one dispatch, more than go together in one step', async () => {
    const trees = Array.from({ length: 90 }, (_, index) => {
      const of = (subtaskId: string) => tree(exampleAssignment({ subtaskId: `${subtaskId}_${index}` }));
      return behind('chart', [of('a'), of('b'), of('c')], [bind('first', `a_${index}`)], { subtaskId: `chart_${index}` });
    });
    const wide = behind(
      'wide',
      Array.from({ length: 199 }, (_, index) => tree(exampleAssignment({ subtaskId: `w_${index}` }))),
      [bind('last', 'w_198')],
    );
    const single = tree(exampleAssignment({ subtaskId: 'single', capability: 'data.single' }));
    await world().queue.dispatch([...trees, wide, single]);
    await took('data.single');
    for (let taken = await world().take('data.fetch', 'one'); taken !== null; taken = await world().take('data.fetch', 'one')) {
      await finish(taken, completed(taken.assignment.metadata.subtask_id));
    }
    expect((await took('data.wide')).assignment.payload.parameters).toEqual({ keep: 'me', last: 'w_198' });
    const firsts = new Set<unknown>();
    for (let taken = await world().take('data.chart', 'one'); taken !== null; taken = await world().take('data.chart', 'one')) {
      expect(taken.assignment.payload.parameters['first']).toBe(taken.assignment.metadata.subtask_id.replace('chart', 'a'));
      firsts.add(taken.assignment.payload.parameters['first']);
    }
    expect(firsts.size).toBe(90);
  });
}
