/** What becomes of a subtask that is in the queue before its turn: its mark is confirmed, or stale, or it is dropped. */
import { describe, expect, test } from 'vitest';
import { play, type Setting } from './fixture/scenario.ts';
import { jsonHash, limits, type Outcome, type WorkflowEvent } from './index.ts';

const all: Setting = { sameTree: () => true };
const pair = [
  { id: 'a', repairs: 1, output: { type: 'number' } },
  { id: 'b', params: { x: '$steps.a' } },
];
const broken: Outcome = { status: 'failed', error: { code: 'X', message: 'x' } };
/** `b` stands behind `a` in the queue. */
const marked = (nodes: readonly object[] = pair, setting: Setting = {}) => play(nodes, { ...all, ...setting });
const flags = ({ patch }: { readonly patch: { readonly control: readonly { readonly key: string; readonly flag: string | null }[] } }) =>
  patch.control.map(({ key, flag }) => `${key} ${flag}`);

describe('a mark is confirmed', () => {
  test('when what it stands behind has completed: the subtask is assigned, and nothing is dispatched', () => {
    const scene = marked();
    scene.now = 50;
    const step = scene.complete('a', 7);
    expect(step.effects).toEqual([]);
    expect(step.patch.events).toMatchObject([
      { type: 'subtask_completed', subtaskId: 'a' },
      { type: 'subtask_assigned', subtaskId: 'b', generation: 0, at: 50, capability: 'c' },
    ]);
    expect(step.patch.events[1]).not.toHaveProperty('cause');
    expect(scene.get('b')).toEqual({ status: 'assigned', generation: 0, assignedAt: 50, issuedAt: 50 });
    expect(step.patch.deadlines.find(({ subtaskId }) => subtaskId === 'b')?.at).toBeGreaterThan(50);
    scene.complete('b', 'done');
    expect(scene.workflow.state).toMatchObject({ status: 'completed', result: { b: 'done' } });
  });

  test('with a reply that came before, which counts now, and only the first one', () => {
    const scene = marked();
    expect(scene.complete('b', 'early').eventTypes).toEqual([]);
    expect(scene.get('b')).toMatchObject({ status: 'pending', reported: { outcome: { result: 'early' } } });
    expect(scene.complete('b', 'again').patch.subtasks).toEqual([]);
    expect(scene.complete('a', 7).eventTypes).toEqual(['subtask_completed', 'subtask_assigned', 'subtask_completed', 'workflow_completed']);
    expect(scene.workflow.state).toMatchObject({ result: { b: 'early' } });
  });

  test.each<[outcome: Outcome, types: readonly string[]]>([
    [broken, ['subtask_completed', 'subtask_assigned', 'subtask_failed', 'workflow_failed']],
    [{ status: 'overloaded', retryAfterMs: 5 }, ['subtask_completed', 'subtask_assigned', 'subtask_setback']],
  ])('whatever the reply says: $status', (outcome, types) => {
    const scene = marked();
    expect(scene.reply('b', outcome).eventTypes).toEqual([]);
    expect(scene.complete('a', 7).eventTypes).toEqual(types);
  });

  test('but what is too large to be kept is asked for once more', () => {
    const scene = marked();
    scene.complete('b', 'x'.repeat(limits.payloadBytesMax));
    expect(scene.get('b')).toEqual({ status: 'pending', generation: 1, cause: 'blocked' });
    expect(scene.complete('a', 7).sent).toEqual(['b']);
  });

  test('after a pause, in which nothing begins', () => {
    const scene = marked();
    scene.control('pause');
    scene.complete('a', 7);
    expect(scene.get('b')).toEqual({ status: 'pending', generation: 0, behind: { a: 0 } });
    scene.complete('b', 'early');
    const step = scene.control('resume');
    expect(step.effects).toEqual([]);
    expect(scene.statuses()).toBe('a completed, b completed');
  });

  test('all along a chain, replies coming in any order', () => {
    const scene = marked([...pair, { id: 'c', needs: ['b'] }]);
    scene.complete('c');
    scene.complete('b');
    expect(scene.complete('a', 7).eventTypes).toEqual([
      ...Array.from({ length: 3 }, () => ['subtask_completed', 'subtask_assigned'])
        .flat()
        .slice(0, 5),
      'workflow_completed',
    ]);
    expect(scene.log).toEqual(['c~0 c', 'b~0 c', 'a~0 c']);
  });
});

describe('the record says when a reply came, not when it was looked at', () => {
  const done = (subtaskId: string, at: number): WorkflowEvent => ({
    kind: 'settled',
    report: { workflowId: 'wf', subtaskId, generation: 0, outcome: { status: 'completed', result: 1 }, at },
  });
  const chain = [{ id: 'a' }, { id: 'b', params: { x: '$steps.a' } }, { id: 'c', params: { x: '$steps.b' } }];

  test('in a tree that is settled at once: each subtask begins when the one before it was done', () => {
    const scene = marked(chain);
    scene.now = 1_000;
    const { patch } = scene.take(done('a', 100), done('b', 250), done('c', 300));
    expect(['a', 'b', 'c'].map((id) => scene.get(id))).toMatchObject([
      { assignedAt: 0, settledAt: 100 },
      { assignedAt: 100, settledAt: 250 },
      { assignedAt: 250, settledAt: 300 },
    ]);
    expect(patch.events.map((event) => ('durationMs' in event ? event.durationMs : event.at))).toEqual([100, 100, 150, 250, 50, 1_000]);
  });

  test('also of one that was kept, and of one that failed', () => {
    const scene = marked(chain);
    scene.now = 300;
    scene.take(done('b', 250));
    scene.now = 1_000;
    scene.take(done('a', 100));
    expect(scene.get('b')).toMatchObject({ assignedAt: 100, settledAt: 250 });
    scene.reply('c', broken, { at: 700 });
    expect(scene.get('c')).toMatchObject({ assignedAt: 250, settledAt: 700 });
  });

  test('never before it was assigned, and never after now, whatever the clock of Redis says', () => {
    const scene = play([{ id: 'a' }, { id: 'b', needs: ['a'] }]);
    scene.now = 500;
    scene.take(done('a', 9_999));
    expect(scene.get('a')).toMatchObject({ settledAt: 500 });
    scene.now = 600;
    scene.take(done('b', 20));
    expect(scene.get('b')).toMatchObject({ assignedAt: 500, settledAt: 500 });
  });

  test('what comes after it is dispatched now', () => {
    const scene = play([{ id: 'a' }, { id: 'b', needs: ['a'] }]);
    scene.now = 500;
    expect(scene.take(done('a', 100)).dispatches).toMatchObject([{ subtaskId: 'b', issuedAt: 500 }]);
  });
});

describe('a mark is stale', () => {
  test('when what it stands behind was repaired: the next generation is dispatched, and whoever has the old one is told', () => {
    const scene = marked();
    expect(scene.complete('a', 'no number').sent).toEqual(['a']);
    expect(scene.get('b')).toEqual({ status: 'pending', generation: 0, behind: { a: 0 } });
    scene.complete('b', 'made of what was wrong');
    const step = scene.complete('a', 7);
    expect(step.dispatches).toMatchObject([{ subtaskId: 'b', generation: 1, parameters: { x: 7 } }]);
    expect(step.patch.events).toContainEqual({ type: 'subtask_assigned', at: 0, subtaskId: 'b', generation: 1, capability: 'c', cause: 'blocked' });
    expect(flags(step)).toEqual(['b~0 cancelled:0']);
    scene.complete('b', 'right');
    expect(scene.workflow.state).toMatchObject({ result: { b: 'right' } });
  });

  test('and its late reply changes nothing', () => {
    const scene = marked();
    scene.complete('a', 'no number');
    scene.complete('a', 7);
    expect(scene.reply('b', { status: 'completed', result: 1 }, { generation: 0 }).patch.subtasks).toEqual([]);
    expect(scene.get('b')).toMatchObject({ status: 'assigned', generation: 1 });
  });
});

describe('a reply that says that nothing was done', () => {
  test.each<[status: 'held' | 'blocked', cause: string, types: readonly string[]]>([
    ['held', 'resumed', ['subtask_setback']],
    ['blocked', 'blocked', []],
  ])('drops the mark: %s', (status, cause, types) => {
    const scene = marked();
    const step = scene.reply('b', { status });
    expect(step.eventTypes).toEqual(types);
    expect(flags(step)).toEqual([]);
    expect(scene.get('b')).toEqual({ status: 'pending', generation: 1, cause });
    const [plain] = scene.complete('a', 7).dispatches;
    expect(plain).toMatchObject({ subtaskId: 'b', generation: 1, parameters: { x: 7 } });
    expect(plain).not.toHaveProperty('inputs');
  });

  test('blocked after the mark was confirmed: dispatched on its own, once', () => {
    const scene = marked();
    scene.complete('a', 7);
    const step = scene.reply('b', { status: 'blocked' });
    expect(step.dispatches).toMatchObject([{ subtaskId: 'b', generation: 1, parameters: { x: 7 } }]);
    expect(step.patch.events).toMatchObject([{ type: 'subtask_assigned', cause: 'blocked' }]);
    // Nothing stands before it now, so nothing can have blocked it.
    scene.reply('b', { status: 'blocked' });
    expect(scene.get('b')).toMatchObject({ status: 'failed_permanent', error: { code: 'BLOCKED' } });
  });

  test('finds what is really wrong when it is looked at on its own', () => {
    const scene = marked([{ id: 'a' }, { id: 'b', params: { x: '$steps.a.absent' } }]);
    scene.reply('b', { status: 'blocked' });
    scene.complete('a', {});
    expect(scene.get('b')).toMatchObject({ status: 'failed_permanent', error: { code: 'UNRESOLVED_REFERENCE' } });
  });

  test('is not needed for that: the engine sees it, and tells whoever has the job', () => {
    const scene = marked([{ id: 'a' }, { id: 'b', params: { x: '$steps.a.absent' } }]);
    expect(flags(scene.complete('a', {}))).toContain('b~0 cancelled:0');
    expect(scene.get('b')).toMatchObject({ status: 'failed_permanent', error: { code: 'UNRESOLVED_REFERENCE' } });
  });

  test('means nothing from agents that were not asked', () => {
    const scene = marked();
    scene.reply('b', { status: 'blocked' }, { capability: 'other' });
    scene.reply('b', { status: 'completed', result: 'forged' }, { capability: 'other' });
    expect(scene.get('b')).toEqual({ status: 'pending', generation: 0, behind: { a: 0 } });
  });
});

describe('a dispatch that was answered twice', () => {
  const execution = (finishedAt: number) => ({ agent: 'agent-1', attempt: 1, startedAt: 1, finishedAt });

  test('what was made of the answer that is not recorded is done again', () => {
    const scene = marked();
    scene.reply('a', { status: 'completed', result: 7 }, { execution: execution(10) });
    expect(scene.reply('b', { status: 'completed', result: 'of 8' }, { builtOn: { a: 40 } }).dispatches).toMatchObject([
      { generation: 1, parameters: { x: 7 } },
    ]);
    // Who says so of a dispatch of its own says nothing.
    scene.reply('b', { status: 'completed', result: 'of 7' }, { builtOn: { a: 40 } });
    expect(scene.workflow.state).toMatchObject({ result: { b: 'of 7' } });
  });

  test('what was made of the other answer counts if that came to the same', () => {
    const parametersHash = jsonHash({ x: 7, seed: 3 });
    const params = { x: '$steps.a.rows', seed: 3 };
    for (const rows of [7, 8]) {
      const scene = marked([{ id: 'a' }, { id: 'b', params }]);
      scene.reply('a', { status: 'completed', result: { rows, took: 12 } }, { execution: execution(10) });
      const { dispatches } = scene.reply('b', { status: 'completed', result: 'of 7' }, { builtOn: { a: 40 }, parametersHash });
      expect(dispatches.map(({ generation }) => generation)).toEqual(rows === 7 ? [] : [1]);
    }
  });

  test('also if it was the first to reply', () => {
    const scene = marked();
    scene.reply('b', { status: 'completed', result: 'of 8' }, { builtOn: { a: 40 } });
    expect(scene.reply('a', { status: 'completed', result: 7 }, { execution: execution(10) }).dispatches).toMatchObject([{ subtaskId: 'b', generation: 1 }]);
  });

  test('what was made of the one that is recorded counts', () => {
    const scene = marked();
    scene.reply('a', { status: 'completed', result: 7 }, { execution: execution(10) });
    scene.reply('b', { status: 'completed', result: 'of 7' }, { builtOn: { a: 10 } });
    expect(scene.workflow.state).toMatchObject({ result: { b: 'of 7' } });
  });
});

describe('whoever ends a subtask that is in the queue tells its agents', () => {
  test('a join above that is decided early', () => {
    const scene = marked([
      ...pair,
      { id: 'other' },
      { id: 'any', needs: ['b', 'other'], join: { kind: 'any' } },
      { id: 'more', kind: 'approval', needs: ['any'] },
    ]);
    expect(scene.first.trees).toEqual(['other', 'b(a)']);
    expect(flags(scene.complete('other')).toSorted()).toEqual(['a~0 cancelled:0', 'b~0 cancelled:0']);
    expect(scene.status('b')).toBe('cancelled');
  });

  test('an end of the whole, with one flag for all', () => {
    const scene = marked([...pair, { id: 'wait', kind: 'approval' }]);
    scene.control('pause');
    scene.complete('a', 7);
    expect(flags(scene.control('terminate'))).toEqual(['* cancelled:0']);
    expect(scene.statuses()).toBe('a completed, b cancelled, wait cancelled');
  });

  test('a retry afterwards, which counts as another generation', () => {
    const scene = marked();
    expect(scene.reply('a', broken).eventTypes).toContain('workflow_failed');
    const step = scene.control('retry');
    expect(step.trees).toEqual(['a']);
    expect(flags(step)).toContain('b~0 cancelled:0');
    scene.complete('a', 7);
    expect(scene.get('b')).toMatchObject({ status: 'assigned', generation: 1 });
  });
});

describe('what is found out about a job that is in the queue before its turn', () => {
  test('nothing is overdue', () => {
    const scene = marked();
    scene.now = 1_000_000_000;
    for (const state of ['queued', 'active', 'delayed'] as const) expect(scene.check('b', { state } as never).patch.subtasks).toEqual([]);
    expect(scene.check('b', { state: 'missing' }).patch.subtasks).not.toEqual([]);
  });

  test.each([
    { state: 'missing' as const },
    { state: 'failed' as const, reason: 'job stalled more than allowable limit' },
    { state: 'completed' as const, report: null },
  ])('no reply will come of it any more: $state', (facts) => {
    const scene = marked();
    const step = scene.check('b', facts);
    expect([step.effects, flags(step)]).toEqual([[], ['b~0 cancelled:0']]);
    expect(scene.get('b')).toEqual({ status: 'pending', generation: 1, cause: 'lost' });
    expect(scene.complete('a', 7).dispatches).toMatchObject([{ subtaskId: 'b', generation: 1 }]);
  });

  test('its reply, which was lost', () => {
    const scene = marked();
    const report = { workflowId: 'wf', subtaskId: 'b', generation: 0, outcome: { status: 'completed' as const, result: 'found' } };
    scene.check('b', { state: 'completed', report });
    scene.complete('a', 7);
    expect(scene.workflow.state).toMatchObject({ result: { b: 'found' } });
  });
});
