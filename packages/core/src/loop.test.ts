import { describe, expect, it } from 'vitest';
import { play, type Scenario, type Setting } from './fixture/scenario.ts';
import type { Json } from './json.ts';

const loopOf = (rest: object = {}, setting: Setting = {}) =>
  play(
    [
      {
        id: 'l',
        kind: 'loop',
        generate: {
          capability: 'code.write',
          params: { goal: '$params.goal?', round: '$loop.round', previous: '$loop.previous?', feedback: '$loop.feedback.text?' },
        },
        critique: { capability: 'code.review', params: { draft: '$loop.draft' } },
        ...rest,
      },
    ],
    setting,
  );

/** Plays rounds with these scores; drafts are `draft 1`, `draft 2` and so on. */
function rounds(scene: Scenario, ...scores: readonly Json[]): void {
  const first = 1 + [...scene.workflow.subtasks.keys()].filter((id) => id.endsWith('/critique')).length;
  for (const [index, quality_score] of scores.entries()) {
    scene.complete(`l#${first + index}/generate`, `draft ${first + index}`);
    scene.complete(`l#${first + index}/critique`, { quality_score, text: `do better than ${JSON.stringify(quality_score)}` });
  }
}

describe('a loop', () => {
  it('hands the draft to the critic, and the draft and what the critic said to the next round', () => {
    const scene = loopOf({ threshold: 90 }, { params: { goal: 'g' } });
    expect(scene.first.dispatches).toMatchObject([{ subtaskId: 'l#1/generate', capability: 'code.write', parameters: { goal: 'g', round: 1 } }]);
    expect(scene.first.dispatches[0]?.parameters).toEqual({ goal: 'g', round: 1 });
    expect(scene.complete('l#1/generate', 'one').dispatches).toMatchObject([{ subtaskId: 'l#1/critique', parameters: { draft: 'one' } }]);
    const step = scene.complete('l#1/critique', { quality_score: 50, text: 'longer' });
    expect(step.dispatches).toMatchObject([{ subtaskId: 'l#2/generate', parameters: { goal: 'g', round: 2, previous: 'one', feedback: 'longer' } }]);
    expect(scene.get('l')).toMatchObject({ status: 'running', parts: { round: 2, rounds: [{ score: 50 }] } });
  });

  it('ends with the draft that is good enough', () => {
    const scene = loopOf({ threshold: 90 });
    rounds(scene, 50, 90);
    expect(scene.workflow.state).toMatchObject({ status: 'completed', result: { l: 'draft 2' } });
    expect(scene.workflow.state).not.toHaveProperty('degraded');
  });

  it.each<[string, object, readonly Json[], string]>([
    ['by an expression of the critique', { until: 'critique.text == "do better than 3"' }, [1, 2, 3], 'draft 3'],
    ['by an expression of score, round and draft', { until: 'score > 1.0 && round == 2 && draft == "draft 2"' }, [1, 2], 'draft 2'],
    ['by an expression of a param', { until: 'score >= params.goal' }, [1, 2], 'draft 2'],
    ['by either, the threshold first', { threshold: 5, until: 'false' }, [1, 5], 'draft 2'],
  ])('is good enough %s', (_, rest, scores, expected) => {
    const scene = loopOf(rest, { params: { goal: 2 } });
    rounds(scene, ...scores);
    expect(scene.get('l')).toMatchObject({ status: 'completed', result: expected });
  });

  it('reads the score where it is told to', () => {
    const scene = loopOf({ threshold: 5, score: 'report.points' });
    scene.complete('l#1/generate', 'one');
    scene.complete('l#1/critique', { report: { points: 5 } });
    expect(scene.get('l')).toMatchObject({ status: 'completed', result: 'one' });
  });

  it.each<[string, object]>([
    ['complete', { status: 'completed', result: 'draft 2' }],
    ['degrade', { status: 'completed', result: 'draft 2', degraded: true }],
    [
      'fail',
      {
        status: 'failed_permanent',
        error: { code: 'MAX_ITERATIONS_EXCEEDED', message: 'Quality only reached 80 after 3 iterations.', details: { best_round: 2, rounds: 3 } },
      },
    ],
  ])('that is exhausted ends with the best draft: %s', (on_exhausted, expected) => {
    const scene = loopOf({ threshold: 90, max_iterations: 3, on_exhausted });
    rounds(scene, 50, 80, 70);
    expect(scene.get('l')).toMatchObject(expected);
    if (on_exhausted === 'degrade') expect(scene.workflow.state).toMatchObject({ status: 'completed', degraded: true });
    if (on_exhausted === 'complete') expect(scene.get('l')).not.toHaveProperty('degraded');
  });

  it.each([
    [1, [50, 50], 'draft 1'],
    [2, [50, 40, 50], 'draft 1'],
    [2, [50, 40, 60, 60, 10], 'draft 3'],
  ])('stops when its best has not improved for %i rounds: %j', (patience, scores, best) => {
    const scene = loopOf({ threshold: 90, max_iterations: 10, patience, on_exhausted: 'complete' });
    rounds(scene, ...scores.slice(0, -1));
    expect(scene.status('l')).toBe('running');
    rounds(scene, ...scores.slice(-1));
    expect(scene.get('l')).toMatchObject({ status: 'completed', result: best });
  });

  it('without scores ends with the last draft', () => {
    const scene = loopOf({ max_iterations: 2, on_exhausted: 'complete' });
    rounds(scene, 'good', 'better');
    expect(scene.get('l')).toMatchObject({ result: 'draft 2', parts: { rounds: [{ score: null }, { score: null }] } });
  });

  it('that is judged by an expression alone fails without a score', () => {
    const scene = loopOf({ until: 'false', max_iterations: 1 });
    rounds(scene, 'good');
    expect(scene.get('l')).toMatchObject({ error: { code: 'MAX_ITERATIONS_EXCEEDED', message: 'Quality only reached no score after 1 iterations.' } });
  });

  it.each<[string, object, Json, string]>([
    ['no number for a threshold', { threshold: 1 }, 'good', 'NO_SCORE'],
    ['no number for its patience', { until: 'false', patience: 1 }, null, 'NO_SCORE'],
    ['an expression that cannot be told', { until: 'critique.absent > 1' }, 1, 'EXPRESSION_FAILED'],
  ])('says so of %s', (_, rest, score, code) => {
    const scene = loopOf(rest);
    rounds(scene, score);
    expect(scene.get('l')).toMatchObject({ status: 'failed_permanent', error: { code } });
  });

  it.each(['generate', 'critique'])('fails with its %s', (part) => {
    const scene = loopOf({ threshold: 1 });
    if (part === 'critique') scene.complete('l#1/generate');
    scene.fail(`l#1/${part}`);
    expect(scene.get('l')).toMatchObject({ error: { code: 'ROUND_FAILED', message: `Round 1: ${part} failed: It broke.`, details: { code: 'BROKEN' } } });
  });

  it('that is over its time takes its part with it', () => {
    const scene = loopOf({ threshold: 1, timeout_ms: 1_000, optional: true });
    scene.now = 1_000;
    const { patch } = scene.take({ kind: 'due', subtaskId: 'l' });
    expect(scene.statuses()).toBe('l failed_permanent, l#1/generate cancelled, l#1/critique cancelled');
    expect(patch.control).toEqual([{ key: 'l#1/generate~0', flag: 'cancelled:1000' }]);
  });

  it('lets its parts fall back, and write where the loop may', () => {
    const generate = { capability: 'code.write', fallback: ['code.write.slow'] };
    const scene = loopOf({ threshold: 1, writes: ['draft'], generate });
    expect(scene.fail('l#1/generate').dispatches).toMatchObject([{ capability: 'code.write.slow', generation: 1 }]);
    scene.reply('l#1/generate', { status: 'completed', result: 1, contextUpdate: { 'draft.text': 'x', other: 1 } });
    expect(scene.workflow.view).toEqual({ draft: { text: 'x' } });
  });
});
