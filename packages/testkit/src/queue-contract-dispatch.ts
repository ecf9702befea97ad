/** The queue's contract: what becomes of what the engine hands over. */
import { expect, test } from 'vitest';
import { exampleAssignment, exampleReply, type QueueWorld, ref, type Took, tree } from './queue-world.ts';

export function dispatchContract(world: () => QueueWorld, took: Took): void {
  test('an agent gets the whole assignment', async () => {
    const assignment = exampleAssignment();
    await world().queue.dispatch([tree(assignment)]);
    const { assignment: message, attempt } = await took();
    expect(attempt).toBe(1);
    expect(message.payload).toEqual({ operation: 'data.fetch', parameters: { path: 'sales.csv' } });
    expect(message.message_id).toBe('wf_1~fetch~1');
    expect(message.metadata).toMatchObject({ workflow_id: 'wf_1', subtask_id: 'fetch', generation: 1, ttl_ms: 60_000, attempt_timeout_ms: 10_000 });
  });

  test('the same dispatch twice is one job, another generation is another', async () => {
    const assignment = exampleAssignment();
    await world().queue.dispatch([tree(assignment)]);
    await world().queue.dispatch([tree(assignment), tree({ ...assignment, generation: 2 })]);
    expect((await took()).assignment.metadata.generation).toBe(1);
    expect((await took()).assignment.metadata.generation).toBe(2);
    expect(await world().take('data.fetch', 'data-agent-01')).toBeNull();
  });

  test('many at once, in order within a capability', async () => {
    const assignments = Array.from({ length: 20 }, (_, index) =>
      exampleAssignment({ subtaskId: `s${index}`, capability: index % 2 === 0 ? 'data.fetch' : 'data.clean' }),
    );
    await world().queue.dispatch(assignments.map(tree));
    for (const { subtaskId, capability } of assignments) expect((await took(capability)).assignment.metadata.subtask_id).toBe(subtaskId);
  });

  test.each(['enrich[3]', 'refine#2/generate', 'plan/fetch', 'plan/each[12]'])('the id of a part is an id like any other: %s', async (subtaskId) => {
    const assignment = exampleAssignment({ subtaskId, generation: 0 });
    await world().queue.dispatch([tree(assignment)]);
    await world().queue.dispatch([tree(assignment)]);
    const taken = await took();
    expect(taken.assignment).toMatchObject({ message_id: `wf_1~${subtaskId}~0`, metadata: { subtask_id: subtaskId } });
    expect(await world().take('data.fetch', 'data-agent-01')).toBeNull();
    const reply = exampleReply(taken.assignment);
    await taken.finish(reply);
    expect(await world().queue.facts([ref(assignment)])).toMatchObject([{ state: 'completed', report: { subtaskId } }]);
  });

  test('what was wrong with the output before goes with the assignment', async () => {
    const repair = { problems: [{ path: '/uri', code: 'invalid_type', message: 'expected string' }], previousOutput: { uri: 7 } };
    await world().queue.dispatch([tree(exampleAssignment({ repair }))]);
    expect((await took()).assignment.payload.repair).toEqual({ problems: repair.problems, previous_output: { uri: 7 } });
  });

  test('notifications wait for delivery, the same one once', async () => {
    const delivery = { id: 'wf_1~approve~1', url: 'http://127.0.0.1:1/hook', body: { workflow_id: 'wf_1', b: 1, a: [2] }, signature: 'ab12' };
    await world().queue.notify([delivery]);
    await world().queue.notify([delivery, { ...delivery, id: 'wf_1~approve~2' }]);
    const waiting = (await world().notified()).toSorted((one, other) => (one.id < other.id ? -1 : 1));
    expect(waiting).toEqual([delivery, { ...delivery, id: 'wf_1~approve~2' }]);
    await world().queue.notify([]);
  });
}
