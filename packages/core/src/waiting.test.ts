/** Approvals: people who are asked, and what comes of what they say or do not say. */
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
    expect(outcome(answered('bob', 'reject'))).toEqual({ outcome: 'refused', message: 'The approval is decided already.' });
    scene.complete('task');
    expect(outcome(answered('bob', 'reject'))).toEqual({ outcome: 'refused', message: 'The workflow has ended completed.' });
  });

  it('takes the answer that decided it once more without a word, also when that was a no, and when the workflow has ended by it', () => {
    const scene = play([approval({ approvers: ['ann', 'bob'], required: 1 })]);
    const outcome = (event: WorkflowEvent) => scene.take(event).answers[0];
    expect(outcome(answered('ann'))).toEqual({ outcome: 'applied' });
    expect(outcome(answered('ann'))).toEqual({ outcome: 'unchanged' });
    expect(outcome(answered('bob'))).toMatchObject({ outcome: 'refused' });
    const other = play([approval({ approvers: ['ann'], required: 1 })]);
    const refusal = (event: WorkflowEvent) => other.take(event).answers[0];
    expect(refusal(answered('ann', 'reject'))).toEqual({ outcome: 'applied' });
    expect(refusal(answered('ann', 'reject'))).toEqual({ outcome: 'unchanged' });
    expect(refusal(answered('ann'))).toMatchObject({ outcome: 'refused' });
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
