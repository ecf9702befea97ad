/** A reply to a dispatch that the record knows nothing of: Redis came back with less than it had, and the dispatch was sent to it once more. */
import { expect, test } from 'vitest';
import { play } from './fixture/scenario.ts';
import { limits } from './limits.ts';

const diamond = [{ id: 'a' }, { id: 'b', needs: ['a'] }, { id: 'c', needs: ['a'] }, { id: 'd', needs: ['b', 'c'] }];

test('it is dispatched anew when its turn comes, with its key, and of what it waits for the queue is asked at once', () => {
  const scene = play(diamond);
  scene.now = 5;
  const early = scene.complete('b', 'of an a that is forgotten');
  expect(early.patch).toMatchObject({ subtasks: [['b', { status: 'pending', generation: 1, cause: 'lost' }]], deadlines: [{ subtaskId: 'a', at: 5 }] });
  expect([early.effects, early.patch.events]).toEqual([[], []]);
  // What it waits for waits itself: that had a reply of its own, or has none yet.
  expect(scene.complete('d').patch.deadlines).toEqual([]);

  const report = { workflowId: 'wf', subtaskId: 'a', generation: 0, outcome: { status: 'completed' as const, result: 1 } };
  const { dispatches } = scene.check('a', { state: 'completed', report });
  expect(dispatches).toMatchObject([
    { subtaskId: 'b', generation: 1, idempotencyKey: 'wf~b~0' },
    { subtaskId: 'c', generation: 0 },
  ]);
  scene.complete('b');
  expect(scene.complete('c').dispatches).toMatchObject([{ subtaskId: 'd', generation: 1, idempotencyKey: 'wf~d~0' }]);
  scene.complete('d');
  expect(scene.workflow.state.status).toBe('completed');
});

test('the same for what was put back before', () => {
  const scene = play([{ id: 'a' }]);
  scene.control('pause');
  scene.reply('a', { status: 'held' });
  scene.complete('a', 'dispatched after a resume that is forgotten');
  expect(scene.control('resume').dispatches).toMatchObject([{ generation: 2, idempotencyKey: 'wf~a~0' }]);
});

test('the same for a part, which has no needs of its own', () => {
  const scene = play([{ id: 'm', kind: 'map', over: '$params.items', concurrency: 1, each: { capability: 'c' } }], { params: { items: [1, 2] } });
  scene.complete('m[1]');
  expect(scene.complete('m[0]').dispatches).toMatchObject([{ subtaskId: 'm[1]', generation: 1, idempotencyKey: 'wf~m[1]~0' }]);
});

test('it changes nothing of a step that is no task, of what nobody knows, beyond the limit, and after the end', () => {
  const scene = play([{ id: 'a' }, { id: 'w', kind: 'workflow', type: 't', needs: ['a'] }, { id: 'b', needs: ['a'] }]);
  for (const id of ['w', 'nobody', 'b/part', 'b[0]', 'b#1/generate']) {
    expect(scene.complete(id).patch.subtasks).toEqual([]);
    expect(scene.reply(id, { status: 'completed', result: 1 }, { capability: 'c' }).patch.subtasks).toEqual([]);
  }
  scene.workflow.subtasks.set('b', { status: 'pending', generation: limits.generationsMax });
  expect(scene.complete('b').patch.subtasks).toEqual([]);
  scene.workflow.subtasks.delete('b');
  scene.control('terminate');
  expect(scene.complete('b').patch.subtasks).toEqual([]);
});
