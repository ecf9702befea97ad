/** What a workflow waits for without an agent: people, signals, time. */
import { describe, expect, it } from 'vitest';
import { effectsOf, play, type Scenario } from './fixture/scenario.ts';
import { type Answer, limits, type WorkflowEvent } from './index.ts';

const hour = 3_600_000;
const approval = (rest: object = {}) => ({ id: 'ok', kind: 'approval', params: { value: '$params.draft?', note: 'please' }, ...rest });
const answered = (by: string, decision: Answer['decision'] = 'approve', rest: Partial<Answer> & { readonly subtaskId?: string } = {}): WorkflowEvent => {
  const { subtaskId = 'ok', ...given } = rest;
  return { kind: 'answered', id: `${subtaskId}~${by}`, subtaskId, answer: { by, decision, at: 1, ...given } };
};
const due = (scene: Scenario, id: string, now: number) => {
  scene.now = now;
  return scene.take({ kind: 'due', subtaskId: id });
};

describe('an approval', () => {
  it('exists as soon as the workflow starts it, tells whom it may concern, and the workflow waits', () => {
    const scene = play([approval({ webhook: 'https://example.org/hook', approvers: ['ann'] })], { params: { draft: 'D' } });
    expect(scene.workflow.state.status).toBe('waiting');
    expect(scene.get('ok')).toEqual({
      status: 'waiting',
      generation: 0,
      assignedAt: 0,
      for: { kind: 'approval', expiresAt: hour, shown: { value: 'D', note: 'please' }, answers: [] },
    });
    expect(scene.first.patch.events.at(-1)).toEqual({ type: 'subtask_waiting', at: 0, subtaskId: 'ok', for: 'approval', until: hour });
    expect(effectsOf(scene.first, 'notify')).toEqual([
      {
        kind: 'notify',
        notification: {
          workflowId: 'wf',
          workflowType: 'test@1',
          subtaskId: 'ok',
          generation: 0,
          url: 'https://example.org/hook',
          shown: { value: 'D', note: 'please' },
          approvers: ['ann'],
          expiresAt: hour,
          issuedAt: 0,
        },
      },
    ]);
  });

  it('results in what was shown, or in the last edit of those who approve', () => {
    const scene = play([approval()], { params: { draft: 'D' } });
    expect(scene.take(answered('ann')).answers).toEqual([{ outcome: 'applied' }]);
    expect(scene.get('ok')).toMatchObject({ status: 'completed', result: { approved: true, value: 'D', expired: false, answers: [{ by: 'ann' }] } });
    const edited = play([approval({ required: 3, approvers: ['a', 'b', 'c'] })], { params: { draft: 'D' } });
    edited.take(answered('a', 'approve', { value: 1 }), answered('b', 'approve', { value: 2 }), answered('c'));
    expect(edited.get('ok')).toMatchObject({ result: { value: 2 } });
    const nothing = play([approval()]);
    nothing.take(answered('ann'));
    expect(nothing.get('ok')).toMatchObject({ result: { value: null } });
  });

  it('may be one of several at once', () => {
    const scene = play([approval({ id: 'one' }), approval({ id: 'two' }), { id: 'after', needs: ['one'] }]);
    expect(scene.take(answered('ann', 'approve', { subtaskId: 'one' })).sent).toEqual(['after']);
    expect(scene.statuses()).toBe('one completed, two waiting, after assigned');
    expect(scene.workflow.state.status).toBe('running');
    scene.complete('after');
    expect(scene.workflow.state.status).toBe('waiting');
  });

  it.each<[string, object, readonly [string, Answer['decision']][], string]>([
    [
      'two of three',
      { approvers: ['a', 'b', 'c'], required: 2 },
      [
        ['a', 'approve'],
        ['c', 'approve'],
      ],
      'completed',
    ],
    [
      'not yet two of three',
      { approvers: ['a', 'b', 'c'], required: 2 },
      [
        ['a', 'approve'],
        ['c', 'reject'],
      ],
      'waiting',
    ],
    [
      'two of three in spite of one',
      { approvers: ['a', 'b', 'c'], required: 2 },
      [
        ['a', 'approve'],
        ['c', 'reject'],
        ['b', 'approve'],
      ],
      'completed',
    ],
    [
      'two of three can no longer happen',
      { approvers: ['a', 'b', 'c'], required: 2 },
      [
        ['a', 'reject'],
        ['c', 'reject'],
      ],
      'failed_permanent',
    ],
    ['one of two', { approvers: ['a', 'b'] }, [['a', 'reject']], 'waiting'],
    ['anybody', {}, [['x', 'reject']], 'failed_permanent'],
    [
      'two of anybody',
      { required: 2 },
      [
        ['x', 'approve'],
        ['x', 'approve'],
        ['y', 'approve'],
      ],
      'completed',
    ],
    [
      'two of anybody, never the same twice',
      { required: 2 },
      [
        ['x', 'approve'],
        ['x', 'approve'],
      ],
      'waiting',
    ],
  ])('by %s', (_, rest, answers, expected) => {
    const scene = play([approval(rest)]);
    for (const [by, decision] of answers) scene.take(answered(by, decision));
    expect(scene.status('ok')).toBe(expected);
  });

  it('that is rejected is a failure with who rejected it, or a result', () => {
    const scene = play([approval({ approvers: ['ann', 'bob'], required: 2 })]);
    scene.take(answered('ann', 'reject', { comment: 'too dear' }));
    expect(scene.get('ok')).toMatchObject({
      status: 'failed_permanent',
      error: { code: 'APPROVAL_REJECTED', message: 'Rejected by ann (too dear).', details: [{ by: 'ann' }] },
    });
    const plain = play([approval()]);
    plain.take(answered('bob', 'reject'));
    expect(plain.get('ok')).toMatchObject({ error: { message: 'Rejected by bob.' } });
    const complete = play([approval({ on_reject: 'complete' })]);
    complete.take(answered('ann', 'reject'));
    expect(complete.get('ok')).toMatchObject({ status: 'completed', result: { approved: false, expired: false } });
  });

  it.each<[object, object]>([
    [{ on_expiry: 'fail' }, { status: 'failed_permanent', error: { code: 'EXPIRED', message: 'Nothing came within 1000 ms.' } }],
    [{ on_expiry: 'approve' }, { status: 'completed', result: { approved: true, expired: true, value: 'D' } }],
    [{ on_expiry: 'reject' }, { status: 'failed_permanent', error: { code: 'APPROVAL_REJECTED', message: 'Nobody approved in time.' } }],
    [
      { on_expiry: 'reject', on_reject: 'complete' },
      { status: 'completed', result: { approved: false, expired: true } },
    ],
  ])('expires as declared: %j', (rest, expected) => {
    const scene = play([approval({ timeout_ms: 1_000, ...rest })], { params: { draft: 'D' } });
    expect(due(scene, 'ok', 999).patch.deadlines).toEqual([{ subtaskId: 'ok', at: 1_000 }]);
    due(scene, 'ok', 1_000);
    expect(scene.get('ok')).toMatchObject(expected);
    expect(scene.take(answered('late')).answers).toMatchObject([{ outcome: 'refused' }]);
  });

  it('keeps answers that come early, and counts them when it begins', () => {
    const scene = play([{ id: 'a' }, approval({ needs: ['a'], approvers: ['ann', 'bob'], required: 2 })]);
    const early = scene.take(answered('ann'));
    expect(early.answers).toEqual([{ outcome: 'applied', message: 'It came early and is kept.' }]);
    expect(early.eventTypes).toEqual(['approval_answered']);
    expect(scene.take(answered('ann')).answers).toEqual([{ outcome: 'unchanged' }]);
    scene.take(answered('bob', 'approve', { value: 'B' }));
    const begun = scene.complete('a');
    expect(begun.eventTypes).toEqual(['subtask_completed', 'subtask_waiting', 'subtask_completed', 'workflow_completed']);
    expect(scene.get('ok')).toMatchObject({ status: 'completed', result: { approved: true, value: 'B' } });
    expect(scene.workflow.inbox.size).toBe(0);
  });

  it('decided by an early answer tells nobody any more, and has no use for others', () => {
    const scene = play([{ id: 'a' }, approval({ needs: ['a'], webhook: 'https://example.org/hook' }), approval({ id: 'other', needs: ['a'] })]);
    scene.take(answered('ann'));
    scene.take(answered('bob', 'reject'));
    scene.take(answered('ann', 'approve', { subtaskId: 'other' }));
    const begun = scene.complete('a');
    expect([scene.status('ok'), scene.status('other'), scene.workflow.inbox.size, effectsOf(begun, 'notify')]).toEqual(['completed', 'completed', 0, []]);
  });

  it('is answered by nobody else, twice by nobody, and not when it is decided', () => {
    const scene = play([approval({ approvers: ['ann', 'bob'], required: 2 }), { id: 'task' }]);
    const outcome = (event: WorkflowEvent) => scene.take(event).answers[0];
    expect(outcome(answered('eve'))).toEqual({ outcome: 'refused', message: '"eve" is none of the approvers: ann, bob.' });
    expect(outcome(answered('ann', 'approve', { subtaskId: 'task' }))).toMatchObject({
      outcome: 'refused',
      message: 'There is no approval "task" in this workflow.',
    });
    for (const subtaskId of ['zz/y', 'task[0]', 'task#1/generate'])
      expect(outcome(answered('ann', 'approve', { subtaskId }))).toMatchObject({ outcome: 'refused' });
    expect(outcome(answered('ann'))).toEqual({ outcome: 'applied' });
    expect(outcome(answered('ann'))).toEqual({ outcome: 'unchanged' });
    expect(outcome(answered('ann', 'reject'))).toEqual({ outcome: 'refused', message: '"ann" has answered already: approve.' });
    expect(outcome(answered('bob'))).toEqual({ outcome: 'applied' });
    expect(outcome(answered('bob'))).toEqual({ outcome: 'refused', message: 'The approval is decided already.' });
    scene.complete('task');
    expect(outcome(answered('bob'))).toEqual({ outcome: 'refused', message: 'The workflow has ended completed.' });
  });

  it('that cannot be shown fails', () => {
    expect(play([approval({ params: { x: '$params.absent' } })]).get('ok')).toMatchObject({ error: { code: 'UNRESOLVED_REFERENCE' } });
  });

  it('lets only so many answers wait', () => {
    const scene = play([{ id: 'a' }, approval({ needs: ['a'] })]);
    for (let index = 0; index < limits.inboxMax; index += 1)
      scene.workflow.inbox.set(`x${index}`, { kind: 'signal', id: `x${index}`, signal: 's', payload: null, by: '', at: 0 });
    expect(scene.take(answered('ann')).answers).toMatchObject([{ outcome: 'refused', message: expect.stringContaining(`${limits.inboxMax}`) }]);
  });
});

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
    ['a time too far away', { until: '1999-01-01T00:00:00Z' }, 'within the next'],
    ['nothing at all', { for_ms: '$params.absent' }, 'do not exist'],
  ])('says so of %s', (_, rest, message) => {
    expect(sleep(rest).get('z')).toMatchObject({ status: 'failed_permanent', error: { message: expect.stringContaining(message) } });
  });

  it('does not hurry an agent', () => {
    const scene = play([{ id: 'a' }, { id: 'z', kind: 'sleep', for_ms: 1 }]);
    expect(scene.workflow.state.status).toBe('running');
    due(scene, 'z', 1);
    expect(scene.statuses()).toBe('a assigned, z completed');
  });
});
