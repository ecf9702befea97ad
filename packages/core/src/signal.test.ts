/** Signals and sleeps: what a workflow waits for without an agent, and without a person who is asked. */
import { describe, expect, it } from 'vitest';
import { play, type Scenario } from './fixture/scenario.ts';
import type { WorkflowEvent } from './index.ts';

const due = (scene: Scenario, id: string, now: number) => {
  scene.now = now;
  return scene.take({ kind: 'due', subtaskId: id });
};

describe('a signal', () => {
  const wait = (rest: object = {}) => ({ id: 's', kind: 'signal', signal: 'paid', timeout_ms: 1_000, ...rest });
  const sent = (id: string, payload: string, at = 0, name = 'paid'): WorkflowEvent => ({ kind: 'signalled', id, signal: name, payload, by: `by ${at}` });

  it('wakes the subtask that waits for its name, with what it brings', () => {
    const scene = play([wait(), { id: 'b', params: { x: '$steps.s' } }]);
    expect(scene.workflow.state.status).toBe('waiting');
    scene.take(sent('1', 'other', 0, 'unpaid'));
    expect(scene.status('s')).toBe('waiting');
    const step = scene.take(sent('2', 'P'));
    expect(step.answers).toEqual([{ outcome: 'applied' }]);
    expect(step.eventTypes).toEqual(['signal_received', 'subtask_completed', 'subtask_assigned']);
    expect(step.dispatches).toMatchObject([{ parameters: { x: 'P' } }]);
  });

  it('that comes early is kept, the oldest first, each for one', () => {
    const scene = play([{ id: 'a' }, wait({ needs: ['a'] }), wait({ id: 's2', needs: ['s'] })]);
    scene.now = 1;
    expect(scene.take(sent('1', 'first')).answers).toMatchObject([{ outcome: 'applied', message: 'It came early and is kept.' }]);
    scene.now = 2;
    scene.take(sent('2', 'second'));
    expect(scene.take(sent('2', 'second')).answers).toEqual([{ outcome: 'unchanged' }]);
    scene.complete('a');
    expect([scene.get('s'), scene.get('s2')]).toMatchObject([{ result: 'first' }, { result: 'second' }]);
  });

  it('that is sent again does not wake a second one', () => {
    const scene = play([wait(), wait({ id: 's2' })]);
    scene.take(sent('1', 'P'));
    expect(scene.take(sent('1', 'P')).answers).toEqual([{ outcome: 'unchanged' }]);
    expect(scene.statuses()).toBe('s completed, s2 waiting');
  });

  it.each<[object, object]>([
    [{}, { status: 'failed_permanent', error: { code: 'EXPIRED' } }],
    [{ on_expiry: 'complete' }, { status: 'completed', result: null }],
  ])('that never comes expires as declared: %j', (rest, expected) => {
    const scene = play([wait(rest)]);
    due(scene, 's', 1_000);
    expect(scene.get('s')).toMatchObject(expected);
    expect(scene.take(sent('1', 'late')).answers).toMatchObject([{ outcome: 'refused' }]);
  });

  it('checks what it brings', () => {
    const scene = play([wait({ output: { type: 'number' } })]);
    scene.take(sent('1', 'no number'));
    expect(scene.get('s')).toMatchObject({ error: { code: 'INVALID_OUTPUT' } });
  });
});

describe('a sleep', () => {
  const sleep = (rest: object, params = {}) => play([{ id: 'z', kind: 'sleep', ...rest }], { params });

  it.each<[string, object, number]>([
    ['so long', { for_ms: 5_000 }, 5_000],
    ['as long as a param says', { for_ms: '$params.ms' }, 7_000],
    ['until a time', { until: '1970-01-01T00:00:09Z' }, 9_000],
    ['until a time that a param says', { until: '$params.at' }, 8_000],
  ])('lasts %s', (_, rest, until) => {
    const scene = sleep(rest, { ms: 7_000, at: '1970-01-01T00:00:08Z' });
    expect(scene.get('z')).toMatchObject({ status: 'waiting', for: { kind: 'sleep', until } });
    expect(due(scene, 'z', until - 1).patch.deadlines).toEqual([{ subtaskId: 'z', at: until }]);
    due(scene, 'z', until);
    expect(scene.get('z')).toMatchObject({ status: 'completed', result: null });
  });

  it('of nothing, or until a time that has passed, is over at once', () => {
    expect([sleep({ for_ms: '$params.ms' }, { ms: 0 }).status('z'), sleep({ until: '1969-01-01T00:00:00Z' }).status('z')]).toEqual(['completed', 'completed']);
  });

  it.each<[string, object, string]>([
    ['no number', { for_ms: 'soon' }, '"soon" is no number of milliseconds'],
    ['no time', { until: 'tomorrow' }, '"tomorrow" is no time like'],
    ['a number for a time', { until: '$params.ms' }, '5 is no time like'],
    ['a time too far away', { until: '1999-01-01T00:00:00Z' }, 'within the next'],
    ['nothing at all', { for_ms: '$params.absent' }, 'do not exist'],
  ])('says so of %s', (_, rest, message) => {
    expect(sleep(rest, { ms: 5 }).get('z')).toMatchObject({ status: 'failed_permanent', error: { message: expect.stringContaining(message) } });
  });

  it('does not hurry an agent', () => {
    const scene = play([{ id: 'a' }, { id: 'z', kind: 'sleep', for_ms: 1 }]);
    expect(scene.workflow.state.status).toBe('running');
    due(scene, 'z', 1);
    expect(scene.statuses()).toBe('a assigned, z completed');
  });
});
