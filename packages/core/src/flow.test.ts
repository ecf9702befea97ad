/** Sequence, parallel, joins and what is not waited for any more. */
import { describe, expect, it } from 'vitest';
import { effectsOf, play } from './fixture/scenario.ts';
import { limits } from './index.ts';

const three = [{ id: 'a' }, { id: 'b' }, { id: 'c' }];
const needs = ['a', 'b', 'c'];

describe('a sequence', () => {
  it('hands a step the result before it, and every other by name', () => {
    const play1 = play([
      { id: 'a' },
      { id: 'b', needs: ['a'], params: { before: '$previous_result.x' } },
      { id: 'c', params: { b: '$previous_result', first: '$steps.b.x?' }, needs: ['b'] },
    ]);
    expect(play1.complete('a', { x: 1 }).dispatches).toMatchObject([{ subtaskId: 'b', parameters: { before: 1 } }]);
    expect(play1.complete('b', 'B').dispatches).toMatchObject([{ subtaskId: 'c', parameters: { b: 'B' } }]);
  });
});

describe('a parallel group', () => {
  it('fails fast: the rest is cancelled at once, and the agents are told', () => {
    const { workflow, ...scene } = play([...three, { id: 'j', needs }]);
    const { patch } = scene.fail('b');
    expect(scene.statuses()).toBe('a cancelled, b failed_permanent, c cancelled, j cancelled');
    expect(workflow.state).toMatchObject({ status: 'failed', error: { code: 'SUBTASK_FAILED' } });
    expect(patch.control).toEqual([{ key: '*', flag: 'cancelled:0' }]);
  });

  it('continues with what succeeded, and counts what failed', () => {
    const scene = play([...three, { id: 'j', kind: 'gather', needs, join: { kind: 'settled' } }]);
    scene.fail('a');
    scene.complete('c', 'C');
    expect(scene.statuses()).toBe('a failed_permanent, b assigned, c completed, j pending');
    scene.complete('b', 'B');
    expect(scene.workflow.state).toMatchObject({ status: 'completed', result: { j: ['B', 'C'] }, partialFailures: 1 });
    expect(scene.get('j')).toMatchObject({ dissent: ['a'] });
  });

  it('does not continue with nothing', () => {
    const scene = play([...three, { id: 'j', kind: 'gather', needs, join: { kind: 'settled' } }]);
    for (const id of needs) scene.fail(id);
    expect(scene.workflow.state).toMatchObject({
      status: 'failed',
      error: { details: { subtask_id: 'j', code: 'JOIN_IMPOSSIBLE' }, message: expect.stringContaining('0 of 3 succeeded (none)') },
    });
  });
});

describe('an early join', () => {
  const joined = (join: object) => play([...three, { id: 'j', needs, join, params: { a: '$steps.a?', b: '$steps.b?', c: '$steps.c?' } }]);

  it.each([
    ['any', { kind: 'any' }, ['b'], ['a', 'c']],
    ['first 2', { kind: 'first', k: 2 }, ['c', 'a'], ['b']],
    ['a quorum', { kind: 'quorum', k: 2, of: 3 }, ['a', 'b'], ['c']],
  ])('%s goes on as soon as it can and cancels the stragglers', (_, join, enough, stragglers) => {
    const scene = joined(join);
    for (const id of enough.slice(0, -1)) expect(scene.complete(id, id, `agent of ${id}`).sent).toEqual([]);
    const last = enough.at(-1) as string;
    const step = scene.complete(last, last, `agent of ${last}`);
    expect(step.dispatches).toMatchObject([{ subtaskId: 'j', parameters: Object.fromEntries(enough.map((id) => [id, id])) }]);
    expect(step.patch.control).toEqual(stragglers.map((id) => ({ key: `${id}~0`, flag: 'cancelled:0' })));
    for (const id of stragglers) {
      expect(scene.status(id)).toBe('cancelled');
      expect(step.patch.deadlines).toContainEqual({ subtaskId: id, at: null });
    }
  });

  it('lives with failures as long as it can be reached, and fails as soon as it cannot', () => {
    const scene = joined({ kind: 'quorum', k: 2, of: 3 });
    scene.fail('a');
    expect(scene.workflow.state.status).toBe('running');
    const { patch } = scene.fail('b');
    expect(scene.statuses()).toBe('a failed_permanent, b failed_permanent, c cancelled, j failed_permanent');
    expect(patch.control).toEqual([{ key: 'c~0', flag: 'cancelled:0' }]);
    expect(scene.get('j')).toMatchObject({ error: { code: 'JOIN_IMPOSSIBLE', message: '"quorum" can no longer be reached: 0 of 3 succeeded (none).' } });
  });

  it('names those that succeeded when it fails', () => {
    const scene = joined({ kind: 'quorum', k: 2, of: 3 });
    scene.complete('c');
    scene.fail('b');
    scene.fail('a');
    expect(scene.get('j')).toMatchObject({ error: { message: expect.stringContaining('1 of 3 succeeded (c)') } });
  });

  it('gives an agent one vote in a quorum, however many of the steps it did', () => {
    const scene = joined({ kind: 'quorum', k: 2, of: 3 });
    scene.complete('a', 1, 'stuffer');
    expect(scene.complete('b', 1, 'stuffer').sent).toEqual([]);
    expect(scene.complete('c', 1, 'another').sent).toEqual(['j']);
  });

  it('fails when the voters are too few, though the results are enough', () => {
    const scene = joined({ kind: 'quorum', k: 2, of: 3 });
    for (const id of needs) scene.complete(id, 1, 'stuffer');
    expect(scene.get('j')).toMatchObject({ status: 'failed_permanent', error: { code: 'JOIN_IMPOSSIBLE' } });
  });

  it('lets the same agent vote once for each capability', () => {
    const scene = play([
      { id: 'a', capability: 'x' },
      { id: 'b', capability: 'y' },
      { id: 'j', needs: ['a', 'b'], join: { kind: 'quorum', k: 2, of: 2 } },
    ]);
    scene.complete('a');
    expect(scene.complete('b').sent).toEqual(['j']);
  });

  it('leaves alone what somebody else waits for, or the result names', () => {
    const scene = play([...three, { id: 'j', needs, join: { kind: 'any' } }, { id: 'other', needs: ['b'] }], { result: { c: '$steps.c?' } });
    scene.complete('a');
    expect(scene.statuses()).toBe('a completed, b assigned, c assigned, j assigned, other pending');
  });

  it('takes with it what was begun only for a straggler', () => {
    const scene = play([{ id: 'a' }, { id: 'b0' }, { id: 'b', needs: ['b0'] }, { id: 'j', needs: ['a', 'b'], join: { kind: 'any' } }]);
    const { patch } = scene.complete('a');
    expect(scene.statuses()).toBe('a completed, b0 cancelled, b cancelled, j assigned');
    expect(patch.control).toEqual([{ key: 'b0~0', flag: 'cancelled:0' }]);
  });

  it('tells a straggler even when the workflow ends in the same decision', () => {
    const scene = play([...three, { id: 'j', kind: 'gather', needs, join: { kind: 'any' } }], { result: '$steps.j.absent' });
    expect(scene.complete('a').patch.control).toEqual([
      { key: 'b~0', flag: 'cancelled:0' },
      { key: 'c~0', flag: 'cancelled:0' },
    ]);
    expect(scene.workflow.state).toMatchObject({ status: 'failed', error: { code: 'UNRESOLVED_REFERENCE' } });
  });

  it('ignores the straggler when it answers after all', () => {
    const scene = joined({ kind: 'any' });
    scene.complete('a');
    scene.reply('b', { status: 'completed', result: 'late' });
    expect(scene.status('b')).toBe('cancelled');
  });

  it('withdraws what was to be sent in the same decision', () => {
    const scene = play([{ id: 'x' }, { id: 'a', needs: ['x'] }, { id: 'y' }, { id: 'j', needs: ['y', 'a'], join: { kind: 'any' } }]);
    const settled = (subtaskId: string) => ({
      kind: 'settled' as const,
      report: { workflowId: 'wf', subtaskId, generation: 0, outcome: { status: 'completed' as const, result: null } },
    });
    const step = scene.take(settled('x'), settled('y'));
    expect([step.sent, step.patch.control, scene.status('a')]).toEqual([['j'], [], 'cancelled']);
  });
});

describe('a failure', () => {
  it('of the last step is one of the whole, and so is one that not everybody can live with', () => {
    const scene = play([{ id: 'a' }, { id: 'b' }, { id: 'j', needs: ['a', 'b'], join: { kind: 'any' } }, { id: 'all', needs: ['a'] }]);
    scene.fail('a');
    expect(scene.workflow.state.status).toBe('failed');
  });

  it('of an optional step is null to those behind it, at any depth', () => {
    const scene = play([
      { id: 'a', optional: true },
      { id: 'b', params: { x: '$steps.a.deep.er', all: '$steps.a' } },
    ]);
    const step = scene.fail('a');
    expect(step.dispatches).toMatchObject([{ parameters: { all: null } }]);
    expect(step.patch.events[0]).toMatchObject({ type: 'subtask_failed', tolerated: true });
    scene.complete('b', 'B');
    expect(scene.workflow.state).toMatchObject({ status: 'completed', partialFailures: 1, result: { b: 'B' } });
  });
});

describe('a gather', () => {
  const gather = (aggregate: object, join = {}) => play([...three, { id: 'g', kind: 'gather', needs, aggregate, ...join }]);

  it('brings results together in the order of the needs, whoever was first', () => {
    const scene = gather({ strategy: 'list' });
    for (const id of ['c', 'a', 'b']) scene.complete(id, id);
    expect(scene.workflow.state).toMatchObject({ status: 'completed', result: { g: ['a', 'b', 'c'] } });
    expect(scene.get('g')).not.toHaveProperty('dissent');
  });

  it('keeps the dissent of a vote, and lets nobody vote twice', () => {
    const scene = gather({ strategy: 'majority', of: 'label' });
    scene.complete('a', { label: 'spam' }, 'one');
    scene.complete('b', { label: 'spam' }, 'one');
    scene.complete('c', { label: 'ham' }, 'two');
    expect(scene.get('g')).toMatchObject({ status: 'completed', result: 'spam', dissent: ['b', 'c'] });
  });

  it('lets those agree who say nothing', () => {
    const scene = gather({ strategy: 'majority', of: 'label' });
    for (const id of needs) scene.complete(id, id === 'a' ? { label: 'x' } : {}, id);
    expect(scene.get('g')).toMatchObject({ result: null, dissent: ['a'] });
  });

  it('fails when the results cannot be brought together', () => {
    const scene = gather({ strategy: 'sum' });
    for (const id of needs) scene.complete(id, 'no number');
    expect(scene.get('g')).toMatchObject({ status: 'failed_permanent', error: { code: 'AGGREGATION_FAILED', message: expect.stringContaining('"sum"') } });
  });
});

describe('when and skip', () => {
  it.each([
    ['params.go', { params: { go: true } }, 'assigned'],
    ['params.go', { params: { go: false } }, 'skipped'],
    ['params.go', { params: { go: 1 } }, 'skipped'],
  ])('%s with %j: %s', (when, setting, expected) => {
    expect(play([{ id: 'a', when }], setting).status('a')).toBe(expected);
  });

  it('sees the results that it names', () => {
    const scene = play([{ id: 'a' }, { id: 'b', when: 'steps.a.score > 80' }, { id: 'c', when: 'steps.a.score <= 80' }]);
    const step = scene.complete('a', { score: 81 });
    expect(scene.statuses()).toBe('a completed, b assigned, c skipped');
    expect(step.patch.events).toContainEqual({ type: 'subtask_skipped', at: 0, subtaskId: 'c', reason: 'not so: steps.a.score <= 80' });
    scene.complete('b');
    expect(scene.workflow.state).toMatchObject({ status: 'completed', result: { b: null } });
  });

  it('can ask whether there is a result at all', () => {
    const scene = play([{ id: 'a' }, { id: 'b' }, { id: 'j', needs: ['a', 'b'], join: { kind: 'any' }, when: 'has(steps.b) && !has(steps.a)' }]);
    expect(scene.complete('b').sent).toEqual(['j']);
  });

  it('is a failure if it cannot be told', () => {
    expect(play([{ id: 'a', when: 'params.absent > 1' }]).get('a')).toMatchObject({ status: 'failed_permanent', error: { code: 'EXPRESSION_FAILED' } });
  });

  it.each<[string, object, string]>([
    ['one that only comes after goes on', { needs: ['a'] }, 'assigned'],
    ['one that refers to it is skipped', { params: { x: ['$steps.a.x'] } }, 'skipped'],
    ['one that can do without goes on', { params: { x: '$steps.a.x?' } }, 'assigned'],
    ['one that takes the result before is skipped', { needs: ['a'], params: { x: '$previous_result' } }, 'skipped'],
    ['a map over it is skipped', { kind: 'map', over: '$steps.a', each: { capability: 'c' } }, 'skipped'],
    [
      'a loop about it is skipped',
      { kind: 'loop', threshold: 1, generate: { capability: 'g', params: { x: '$steps.a' } }, critique: { capability: 'k' } },
      'skipped',
    ],
  ])('of what depends on a skipped step, %s', (_, node, expected) => {
    const scene = play([
      { id: 'a', when: 'false' },
      { id: 'b', ...node },
      { id: 'c', params: { b: '$steps.b?' } },
    ]);
    expect(scene.status('b')).toBe(expected);
    if (expected === 'skipped') expect([scene.get('b'), scene.status('c')]).toMatchObject([{ reason: 'a was skipped' }, 'assigned']);
  });

  it('is no success to a join that counts them', () => {
    const scene = play([{ id: 'a', when: 'false' }, { id: 'b' }, { id: 'j', needs: ['a', 'b'], join: { kind: 'any' } }]);
    expect(scene.status('j')).toBe('pending');
    expect(scene.complete('b').sent).toEqual(['j']);
  });

  it('of everything is a workflow that is done', () => {
    const { state } = play([{ id: 'a', when: 'false' }]).workflow;
    expect(state).toMatchObject({ status: 'completed', result: {} });
  });
});

it('says so when the result is too large', () => {
  const scene = play([...three], { result: ['$steps.a', '$steps.b', '$steps.c'] });
  for (const id of needs) scene.complete(id, 'x'.repeat(limits.payloadBytesMax / 2));
  expect(scene.workflow.state).toMatchObject({ status: 'failed', error: { code: 'RESULT_TOO_LARGE' } });
});

it('has no effect but dispatches', () => {
  const scene = play(three);
  expect(effectsOf(scene.first, 'dispatch')).toHaveLength(scene.first.effects.length);
});
