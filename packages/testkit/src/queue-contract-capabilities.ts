/** The queue's contract: what it knows of capabilities, and how much of one may run. */
import { expect, test } from 'vitest';
import { exampleAssignment, exampleReply, type QueueWorld, type Took, tree } from './queue-world.ts';

export function capabilitiesContract(world: () => QueueWorld, took: Took): void {
  const dispatch = async (...subtaskIds: readonly string[]): Promise<void> =>
    await world().queue.dispatch(subtaskIds.map((subtaskId) => tree(exampleAssignment({ subtaskId }))));
  const isNone = async (): Promise<boolean> => (await world().take('data.fetch', 'data-agent-01')) === null;

  test('of each capability: who serves it, what waits, what runs, what may run', async () => {
    await dispatch('a', 'b', 'c');
    await took();
    await world().queue.limitConcurrency('data.fetch', 4);
    const leave = await world().serve('data.fetch', 'one');
    await world().serve('data.fetch', 'two');
    expect(await world().queue.capabilities(['data.clean', 'data.fetch'])).toEqual([
      { capability: 'data.clean', agents: 0, queued: 0, active: 0, limit: null },
      { capability: 'data.fetch', agents: 2, queued: 2, active: 1, limit: 4 },
    ]);
    await leave();
    expect(await world().queue.capabilities(['data.fetch'])).toMatchObject([{ agents: 1 }]);
    expect(await world().queue.capabilities([])).toEqual([]);
  });

  test('no more run at the same time than the limit says, whoever asks', async () => {
    await dispatch('a', 'b', 'c', 'd');
    await world().queue.limitConcurrency('data.fetch', 2);
    const first = await took('data.fetch', 'one');
    await took('data.fetch', 'two');
    expect(await isNone()).toBe(true);
    await first.finish(exampleReply(first.assignment));
    await took();
    expect(await isNone()).toBe(true);
    await world().queue.limitConcurrency('data.fetch', null);
    expect(await isNone()).toBe(false);
  });

  test('a limit can be lowered below what runs, and concerns one capability only', async () => {
    await dispatch('a', 'b', 'c');
    await took();
    await took();
    await world().queue.limitConcurrency('data.fetch', 1);
    expect(await isNone()).toBe(true);
    await world().queue.dispatch([tree(exampleAssignment({ capability: 'data.clean' }))]);
    await took('data.clean');
  });
}
