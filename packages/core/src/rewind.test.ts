/** Retry: from what failed on; what has succeeded stays, also inside composites. */
import { describe, expect, it } from 'vitest';
import { play } from './fixture/scenario.ts';

const chain = [{ id: 'a' }, { id: 'b', needs: ['a'] }, { id: 'c', needs: ['b'] }];
const each = { capability: 'c' };

describe('a retry', () => {
  it('goes on from the failed steps; what succeeded stays', () => {
    const scene = play([...chain, { id: 'x', needs: ['a'] }]);
    scene.complete('a', 'A');
    scene.now = 50;
    scene.fail('b');
    expect(scene.statuses()).toBe('a completed, b failed_permanent, c cancelled, x cancelled');
    scene.now = 100;
    const step = scene.control('retry');
    expect(step.patch.events[0]).toEqual({ type: 'workflow_retried', at: 100, by: 'ann', from: ['b'] });
    expect(step.patch.events.slice(1)).toMatchObject([
      { subtaskId: 'b', generation: 1, cause: 'retried' },
      { subtaskId: 'x', generation: 1, cause: 'retried' },
    ]);
    expect(scene.workflow.state).toEqual({ status: 'running', expiresAt: 86_400_100 });
    expect(scene.get('b')).toMatchObject({ status: 'assigned', assignedAt: 100 });
    expect(step.patch.deadlines).toContainEqual({ subtaskId: null, at: 86_400_100 });
    scene.complete('b');
    scene.complete('x');
    scene.complete('c', 'C');
    expect(scene.workflow.state).toMatchObject({ status: 'completed', result: { c: 'C', x: null } });
    expect(scene.log).toEqual(['a~0 c', 'b~0 c', 'x~0 c', 'b~1 c', 'x~1 c', 'c~1 c']);
  });

  it('keeps those off the work who may still have it', () => {
    const scene = play([{ id: 'a' }, { id: 'b' }]);
    scene.fail('a');
    expect(scene.control('retry').patch.control).toEqual([
      { key: 'b~0', flag: 'cancelled:0' },
      { key: '*', flag: null },
    ]);
    scene.reply('b', { status: 'completed', result: 'late' }, { generation: 0 });
    expect(scene.get('b')).toMatchObject({ status: 'assigned', generation: 1 });
  });

  it('keeps those off the work, too, whose step is not done again', () => {
    const both = { id: 'both', needs: ['a', 'm'], join: { kind: 'quorum', k: 2, of: 2 }, optional: true };
    const scene = play([{ id: 'a' }, { id: 'b' }, { id: 'm', needs: ['a', 'b'] }, both], { result: '$steps.both?' });
    scene.fail('a');
    expect(scene.statuses()).toBe('a failed_permanent, b cancelled, m cancelled, both failed_permanent');
    const step = scene.control('retry');
    expect(step.sent).toEqual([]);
    expect(step.patch.control).toContainEqual({ key: '*', flag: null });
    expect(step.patch.control).toContainEqual({ key: 'b~0', flag: 'cancelled:0' });
  });

  it.each(['timed out', 'cancelled'])('goes on with a workflow that was %s', (how) => {
    const scene = play(chain, { timeout_ms: 1_000 });
    scene.complete('a');
    scene.now = 1_000;
    if (how === 'cancelled') scene.control('terminate');
    else scene.take({ kind: 'workflow_deadline_passed' });
    expect(scene.control('retry').sent).toEqual(['b']);
  });

  it('leaves alone what was cancelled or lived with because nobody needed it', () => {
    const scene = play([
      { id: 'x' },
      { id: 'y' },
      { id: 'f' },
      { id: 'j', needs: ['x', 'y', 'f'], join: { kind: 'any' } },
      { id: 'o', optional: true },
      { id: 'k', needs: ['j', 'o'] },
    ]);
    scene.fail('f');
    scene.complete('x');
    scene.fail('o');
    scene.complete('j');
    scene.fail('k');
    expect(scene.control('retry').sent).toEqual(['k']);
    expect(scene.statuses()).toBe('x completed, y cancelled, f failed_permanent, j completed, o failed_permanent, k assigned');
  });

  it('leaves the items alone that a map had no use for', () => {
    const scene = play([
      { id: 'm', kind: 'map', over: [1, 2], each, until: { kind: 'any' } },
      { id: 'b', needs: ['m'] },
    ]);
    scene.complete('m[1]');
    scene.fail('b');
    expect(scene.control('retry').sent).toEqual(['b']);
    expect(scene.statuses()).toBe('m completed, b assigned, m[0] cancelled, m[1] completed');
  });

  it('of a join that became impossible asks those again that failed', () => {
    const scene = play([{ id: 'x' }, { id: 'y' }, { id: 'z' }, { id: 'j', needs: ['x', 'y', 'z'], join: { kind: 'quorum', k: 2, of: 3 } }]);
    scene.complete('x', null, 'one');
    scene.fail('y');
    scene.fail('z');
    expect(scene.control('retry').sent).toEqual(['y', 'z']);
    scene.complete('z', null, 'two');
    expect(scene.statuses()).toBe('x completed, y cancelled, z completed, j assigned');
  });

  it('asks again for what the result names', () => {
    const scene = play([{ id: 'x' }, { id: 'y' }, { id: 'j', needs: ['x', 'y'], join: { kind: 'any' } }], { result: '$steps.y' });
    scene.complete('x');
    scene.complete('j');
    scene.fail('y');
    expect(scene.workflow.state.status).toBe('failed');
    expect(scene.control('retry').sent).toEqual(['y']);
  });

  it('keeps the items of a map that succeeded', () => {
    const scene = play([{ id: 'm', kind: 'map', over: [0, 1, 2, 3, 4], concurrency: 2, each }]);
    scene.complete('m[1]', 1);
    scene.complete('m[0]', 0);
    scene.fail('m[2]');
    expect(scene.control('retry').sent).toEqual(['m[2]', 'm[3]']);
    expect(scene.get('m')).toMatchObject({ status: 'running', generation: 1, parts: { again: { after: 2, indexes: [2, 3] } } });
    scene.complete('m[2]', 2);
    scene.fail('m[4]');
    expect(scene.control('retry').sent).toEqual(['m[3]', 'm[4]']);
    scene.complete('m[4]', 4);
    scene.complete('m[3]', 3);
    expect(scene.workflow.state).toMatchObject({ status: 'completed', result: { m: [0, 1, 2, 3, 4] } });
  });

  it('of a map that could not be brought together does all items again', () => {
    const scene = play([{ id: 'm', kind: 'map', over: [0, 1], concurrency: 1, each, aggregate: { strategy: 'sum' } }]);
    scene.complete('m[0]', 'no number');
    scene.complete('m[1]', 1);
    expect(scene.get('m')).toMatchObject({ error: { code: 'AGGREGATION_FAILED' } });
    expect(scene.control('retry').sent).toEqual(['m[0]']);
    scene.complete('m[0]', 2);
    scene.complete('m[1]', 3);
    expect(scene.get('m')).toMatchObject({ status: 'completed', result: 5 });
  });

  it('of a loop goes on in the round that failed, with the drafts before', () => {
    const scene = play([
      { id: 'l', kind: 'loop', threshold: 9, generate: { capability: 'g', params: { previous: '$loop.previous?' } }, critique: { capability: 'k' } },
    ]);
    scene.complete('l#1/generate', 'one');
    scene.complete('l#1/critique', { quality_score: 1 });
    scene.fail('l#2/generate');
    expect(scene.control('retry').dispatches).toMatchObject([{ subtaskId: 'l#2/generate', generation: 1, parameters: { previous: 'one' } }]);
    scene.complete('l#2/generate', 'two');
    scene.complete('l#2/critique', { quality_score: 9 });
    expect(scene.get('l')).toMatchObject({ status: 'completed', result: 'two', parts: { rounds: [{ score: 1 }, { score: 9 }] } });
  });

  it('of a loop that was exhausted begins with the first round', () => {
    const scene = play([{ id: 'l', kind: 'loop', threshold: 9, max_iterations: 1, generate: { capability: 'g' }, critique: { capability: 'k' } }]);
    scene.complete('l#1/generate', 'one');
    scene.complete('l#1/critique', { quality_score: 1 });
    expect(scene.control('retry').sent).toEqual(['l#1/generate']);
  });

  it('of a plan keeps it, and its steps that succeeded', () => {
    const scene = play([{ id: 'p', kind: 'plan', capability: 'planner', allow: ['*'], timeout_ms: 1_000 }]);
    scene.complete('p', [
      { id: 'x', capability: 'c' },
      { id: 'y', capability: 'c' },
      { id: 'z', capability: 'c', needs: ['x', 'y'] },
    ]);
    scene.complete('p/x', 'X');
    scene.fail('p/y');
    expect(scene.statuses()).toBe('p failed_permanent, p/x completed, p/y failed_permanent, p/z cancelled');
    scene.now = 5_000;
    const step = scene.control('retry');
    expect(step.sent).toEqual(['p/y']);
    expect(step.patch.deadlines).toContainEqual({ subtaskId: 'p', at: 6_000 });
    scene.complete('p/y', 'Y');
    scene.complete('p/z', 'Z');
    expect(scene.workflow.state).toMatchObject({ status: 'completed', result: { p: { z: 'Z' } } });
  });

  it('of a plan that did not come to what it promised does its steps again, in their order', () => {
    const scene = play([
      { id: 'p', kind: 'plan', capability: 'planner', allow: ['*'], output: { required: ['z'] }, rules: [{ rule: 'output.z > 1.0', message: 'more' }] },
    ]);
    scene.complete('p', [
      { id: 'x', capability: 'c' },
      { id: 'z', kind: 'map', over: [1], needs: ['x'], each, aggregate: { strategy: 'sum' } },
    ]);
    scene.complete('p/x', 'X');
    scene.complete('p/z[0]', 1);
    expect(scene.get('p')).toMatchObject({ error: { code: 'INVALID_OUTPUT' } });
    expect(scene.control('retry').sent).toEqual(['p/x']);
    scene.complete('p/x', 'X');
    scene.complete('p/z[0]', 2);
    expect(scene.workflow.state).toMatchObject({ status: 'completed', result: { p: { z: 2 } } });
  });

  it('of an empty plan that did not come to what it promised ends the same way', () => {
    const scene = play([{ id: 'p', kind: 'plan', capability: 'planner', allow: ['*'], output: { required: ['z'] } }]);
    scene.complete('p', []);
    scene.control('retry');
    expect([scene.get('p'), scene.workflow.state]).toMatchObject([{ generation: 1, error: { code: 'INVALID_OUTPUT' } }, { status: 'failed' }]);
  });

  it('ends the same way if it was the end itself that failed', () => {
    const scene = play([{ id: 'a' }], { result: '$steps.a.absent' });
    scene.complete('a', {});
    scene.now = 5;
    scene.control('retry');
    expect(scene.workflow.state).toMatchObject({ status: 'failed', endedAt: 5, error: { code: 'UNRESOLVED_REFERENCE' } });
  });
});
