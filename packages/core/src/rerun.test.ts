/** Rerun: that step and what depends on it, from scratch, under generations that nobody was ever asked for. */
import { describe, expect, it } from 'vitest';
import { play } from './fixture/scenario.ts';

const chain = [{ id: 'a' }, { id: 'b', needs: ['a'] }, { id: 'c', needs: ['b'] }];
const each = { capability: 'c' };

describe('a rerun', () => {
  const rerun = (from: string) => ({ action: 'rerun' as const, from });

  it('does a step and what depends on it again, and nothing else', () => {
    const scene = play([...chain, { id: 'x', needs: ['a'] }]);
    for (const id of ['a', 'b', 'x', 'c']) scene.complete(id, id);
    const step = scene.control(rerun('b'));
    expect(step.sent).toEqual(['b']);
    expect(step.patch.events[0]).toMatchObject({ type: 'workflow_retried', from: ['b'] });
    expect(scene.statuses()).toBe('a completed, b assigned, c pending, x completed');
    scene.complete('b', 'B');
    scene.complete('c', 'C');
    expect(scene.workflow.state).toMatchObject({ status: 'completed', result: { c: 'C', x: 'x' } });
    expect(scene.log.slice(4)).toEqual(['b~1 c', 'c~1 c']);
  });

  it('of a step that is not there is refused', () => {
    const scene = play(chain);
    scene.control('terminate');
    const step = scene.control(rerun('zz'));
    expect(step.answers).toEqual([{ outcome: 'refused', message: 'There is no step "zz"; there are: a, b, c.' }]);
    expect(scene.workflow.state.status).toBe('cancelled');
  });

  it('gives what never came to its turn its turn', () => {
    const scene = play([{ id: 'a' }, { id: 'b' }, { id: 'c', needs: ['b'] }]);
    scene.fail('a');
    expect(scene.control(rerun('a')).sent).toEqual(['a', 'b']);
    scene.complete('b');
    expect(scene.status('c')).toBe('assigned');
  });

  it('skips anew', () => {
    const scene = play([{ id: 'a' }, { id: 'b', when: 'steps.a == 1.0' }]);
    scene.complete('a', 2);
    expect(scene.workflow.state.status).toBe('completed');
    scene.control(rerun('a'));
    scene.complete('a', 1);
    expect(scene.statuses()).toBe('a completed, b assigned');
  });

  it('of a map does all of the new list, longer or shorter', () => {
    const scene = play([{ id: 'a' }, { id: 'm', kind: 'map', over: '$steps.a', concurrency: 1, each }]);
    const all = (size: number) => {
      scene.complete(
        'a',
        Array.from({ length: size }, (_, index) => index),
      );
      for (let index = 0; index < size; index += 1) scene.complete(`m[${index}]`, index);
      expect(scene.workflow.state).toMatchObject({ status: 'completed', result: { m: Array.from({ length: size }, (_, index) => index) } });
    };
    all(2);
    scene.control(rerun('a'));
    all(3);
    scene.control(rerun('a'));
    all(1);
    scene.control(rerun('a'));
    all(3);
    expect(new Set(scene.log).size).toBe(scene.log.length);
  });

  it('of a loop begins with the first round', () => {
    const scene = play([{ id: 'l', kind: 'loop', threshold: 9, generate: { capability: 'g' }, critique: { capability: 'k' } }]);
    for (const round of [1, 2]) {
      scene.complete(`l#${round}/generate`, round);
      scene.complete(`l#${round}/critique`, { quality_score: round * 4.5 });
    }
    expect(scene.control(rerun('l')).sent).toEqual(['l#1/generate']);
    scene.complete('l#1/generate', 'better');
    scene.complete('l#1/critique', { quality_score: 9 });
    expect(scene.workflow.state).toMatchObject({ result: { l: 'better' } });
    expect(scene.statuses()).toBe('l completed, l#1/generate completed, l#1/critique completed, l#2/generate cancelled, l#2/critique cancelled');
  });

  it('of a plan asks for a new one, and has no use for what the old one brought', () => {
    const scene = play([
      { id: 'p', kind: 'plan', capability: 'planner', allow: ['*'] },
      { id: 'after', needs: ['p'] },
    ]);
    scene.complete('p', [
      { id: 'x', capability: 'c' },
      { id: 'y', capability: 'c', needs: ['x'] },
    ]);
    scene.complete('p/x');
    scene.complete('p/y');
    scene.complete('after');
    expect(scene.control(rerun('p')).sent).toEqual(['p']);
    scene.complete('p', [
      { id: 'y', capability: 'c', needs: ['z'] },
      { id: 'z', capability: 'c' },
    ]);
    expect(scene.log.slice(4)).toEqual(['p~1 planner', 'p/z~0 c']);
    expect(scene.complete('p/z').sent).toEqual(['p/y']);
    scene.control('terminate');
    expect(scene.statuses()).toBe('p cancelled, after cancelled, p/x pending, p/y cancelled, p/z completed');
    expect(scene.control('retry').sent).toEqual(['p/y']);
    scene.complete('p/y');
    expect(scene.status('after')).toBe('assigned');
  });

  it('of an approval asks again', () => {
    const scene = play([{ id: 'ok', kind: 'approval' }]);
    scene.take({ kind: 'answered', id: '1', subtaskId: 'ok', answer: { by: 'ann', decision: 'approve', at: 0 } });
    scene.control(rerun('ok'));
    expect(scene.get('ok')).toMatchObject({ status: 'waiting', generation: 1, for: { answers: [] } });
  });

  it('takes nothing from a reply to what was before', () => {
    const scene = play(chain);
    scene.complete('a');
    scene.control('terminate');
    scene.control(rerun('a'));
    scene.reply('b', { status: 'completed', result: 1 }, { generation: 0 });
    expect(scene.statuses()).toBe('a assigned, b pending, c pending');
  });
});
