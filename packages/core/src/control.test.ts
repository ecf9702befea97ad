/** What people do to a workflow: each in the states that the table names, twice as once, and recorded with who asked. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { effectsOf, play, type Scenario } from './fixture/scenario.ts';
import { type ControlAction, controlRules, limits, type WorkflowStatus, workflowStatuses } from './index.ts';

const chain = [{ id: 'a' }, { id: 'b', needs: ['a'] }, { id: 'c', needs: ['b'] }];
const hour = 3_600_000;

/** A workflow in that state, or null where no event can find it. */
function workflowIn(status: WorkflowStatus): Scenario | null {
  if (status === 'pending') return null;
  if (status === 'waiting') return play([{ id: 's', kind: 'signal', signal: 'go' }]);
  const scene = play([{ id: 'a' }], { timeout_ms: 10 });
  if (status === 'paused') scene.control('pause');
  if (status === 'completed') scene.complete('a');
  if (status === 'failed') scene.fail('a');
  if (status === 'cancelled') scene.control('terminate');
  scene.now = 10;
  if (status === 'timed_out') scene.take({ kind: 'workflow_deadline_passed' });
  expect(scene.workflow.state.status).toBe(status);
  return scene;
}

describe('the table', () => {
  const actions = Object.keys(controlRules) as ControlAction[];
  const cases = actions.flatMap((action) => workflowStatuses.map((status) => [action, status] as const));

  it.each(cases)('%s of a workflow that is %s', (action, status) => {
    const scene = workflowIn(status);
    const { from, unchangedIn } = controlRules[action];
    if (scene === null) return expect([...from, ...unchangedIn]).not.toContain(status);
    const expected = from.includes(status) ? 'applied' : unchangedIn.includes(status) ? 'unchanged' : 'refused';
    const step = scene.control(action === 'cancel' ? { action, graceMs: 5 } : action === 'rerun' ? { action, from: scene.get('a') ? 'a' : 's' } : { action });
    expect(step.answers).toMatchObject([{ outcome: expected }]);
    if (expected !== 'applied') expect([step.patch.events, step.effects, step.answers[0]?.message]).toEqual([[], [], expect.stringContaining(status)]);
    else expect(step.patch.events.filter((event) => 'by' in event && event.by === 'ann')).toHaveLength(1);
  });
});

describe('a history that is full', () => {
  const full = (scene: Scenario): void => void Object.assign(scene.workflow, { revision: limits.commitsPerWorkflowMax });

  it('ends the workflow, whatever comes next: with it everything that is open, and agents are told', () => {
    const scene = play(chain);
    full(scene);
    const step = scene.complete('a');
    expect(scene.workflow.state).toMatchObject({ status: 'failed', error: { code: 'HISTORY_FULL', message: expect.stringContaining('200000 entries') } });
    expect(scene.statuses()).toBe('a cancelled, b cancelled, c cancelled');
    expect(step.sent).toEqual([]);
    expect(step.patch.control).toEqual([{ key: '*', flag: 'cancelled:0' }]);
  });

  it('ends one that people pause and resume for ever', () => {
    const scene = play(chain);
    scene.control('pause');
    full(scene);
    expect(scene.control('resume').answers).toEqual([{ outcome: 'refused', message: expect.stringContaining('failed') }]);
    expect(scene.workflow.state.status).toBe('failed');
  });

  it.each([{ action: 'retry' } as const, { action: 'rerun', from: 'a' } as const])('refuses $action of what has ended', (control) => {
    const scene = play([{ id: 'a' }]);
    scene.fail('a');
    full(scene);
    const step = scene.control(control);
    expect(step.answers).toEqual([{ outcome: 'refused', message: expect.stringContaining('restart it as another workflow') }]);
    expect(step.patch.events).toEqual([]);
  });

  it('is none one commit earlier', () => {
    const scene = play([{ id: 'a' }]);
    Object.assign(scene.workflow, { revision: limits.commitsPerWorkflowMax - 1 });
    scene.complete('a', 'A');
    expect(scene.workflow.state).toMatchObject({ status: 'completed' });
  });
});

describe('a pause', () => {
  it('begins nothing from its commit on, and records what is at work', () => {
    const scene = play(chain);
    scene.now = 100;
    const step = scene.control('pause');
    expect(scene.workflow.state).toEqual({ status: 'paused', expiresAt: 86_400_000, pausedAt: 100, by: 'ann' });
    expect(step.patch.control).toEqual([{ key: '*', flag: 'paused' }]);
    expect(step.patch.deadlines).toEqual([{ subtaskId: null, at: null }]);
    expect(step.patch.events).toEqual([{ type: 'workflow_paused', at: 100, by: 'ann' }]);
    expect(scene.complete('a', 'A').sent).toEqual([]);
    expect(scene.statuses()).toBe('a completed, b pending, c pending');
  });

  it('is over with a resume, which begins everything that can', () => {
    const scene = play([...chain, { id: 'x' }, { id: 'y', needs: ['x'] }]);
    scene.now = 100;
    scene.control('pause');
    scene.complete('a');
    scene.complete('x');
    scene.now = 5_100;
    const step = scene.control('resume');
    expect(step.sent).toEqual(['b', 'y']);
    expect(step.patch.control).toEqual([{ key: '*', flag: null }]);
    expect(scene.workflow.state).toEqual({ status: 'running', expiresAt: 86_405_000 });
    expect(step.patch.deadlines).toContainEqual({ subtaskId: null, at: 86_405_000 });
    expect(step.patch.events[0]).toEqual({ type: 'workflow_resumed', at: 5_100, by: 'ann' });
  });

  it('takes back what the same commit was about to send', () => {
    const scene = play([...chain, { id: 'w', kind: 'workflow', type: 't', needs: ['a'] }]);
    const settled = {
      kind: 'settled' as const,
      report: { workflowId: 'wf', subtaskId: 'a', generation: 0, outcome: { status: 'completed' as const, result: null } },
    };
    const step = scene.take(settled, { kind: 'controlled', control: { action: 'pause' }, by: 'ann' });
    expect(step.effects).toEqual([]);
    expect(scene.statuses()).toBe('a completed, b pending, c pending, w pending');
    expect(scene.control('resume').effects).toMatchObject([
      { kind: 'dispatch', assignment: { subtaskId: 'b', generation: 1 } },
      { kind: 'start_child', start: { workflowId: 'wf.w.g1' } },
    ]);
  });

  it('lets an approval of the same commit be announced: people may answer it all the same', () => {
    const scene = play([{ id: 'a' }, { id: 'ok', kind: 'approval', needs: ['a'], webhook: 'https://example.org/hook' }]);
    const settled = {
      kind: 'settled' as const,
      report: { workflowId: 'wf', subtaskId: 'a', generation: 0, outcome: { status: 'completed' as const, result: null } },
    };
    expect(scene.take(settled, { kind: 'controlled', control: { action: 'pause' }, by: 'ann' }).effects).toMatchObject([{ kind: 'notify' }]);
  });

  it('keeps what is handed back until the resume', () => {
    const scene = play([{ id: 'a' }]);
    scene.control('pause');
    expect(scene.reply('a', { status: 'held' }).sent).toEqual([]);
    expect(scene.get('a')).toMatchObject({ status: 'pending', generation: 1, since: 0 });
    expect(scene.control('resume').sent).toEqual(['a']);
  });

  it('lets a lost job and an unknown child be until the resume', () => {
    const scene = play([{ id: 'a' }, { id: 'w', kind: 'workflow', type: 't' }]);
    scene.control('pause');
    scene.now = 60_000;
    expect([scene.check('a', { state: 'missing' }).effects, scene.check('w', { state: 'missing' }).effects]).toEqual([[], []]);
    expect(scene.statuses()).toBe('a pending, w assigned');
    expect(scene.control('resume').sent).toEqual(['a']);
    expect(effectsOf(scene.check('w', { state: 'missing' }), 'start_child')).toMatchObject([{ start: { workflowId: 'wf.w' } }]);
  });

  it('lets a workflow end whose last step was at work', () => {
    const scene = play([{ id: 'a' }]);
    scene.control('pause');
    scene.complete('a', 1);
    expect(scene.workflow.state).toMatchObject({ status: 'completed', result: { a: 1 } });
  });

  it('does not time out, and neither does a composite, an approval or work that was handed back', () => {
    const scene = play(
      [
        { id: 'm', kind: 'map', over: [1, 2], concurrency: 1, each: { capability: 'c' }, timeout_ms: 1_000 },
        { id: 'ok', kind: 'approval', timeout_ms: 1_000 },
        { id: 's', kind: 'signal', signal: 'go', timeout_ms: 1_000 },
        { id: 'z', kind: 'sleep', for_ms: 500 },
        { id: 'h', timeout_ms: 1_000 },
        { id: 'o', timeout_ms: 1_000 },
      ],
      { timeout_ms: 2_000 },
    );
    scene.now = 100;
    scene.reply('o', { status: 'overloaded', retryAfterMs: 300 });
    scene.control('pause');
    scene.reply('h', { status: 'held' });
    scene.now = hour;
    for (const id of ['m', 'ok', 's', 'z', 'o'])
      expect(scene.take({ kind: 'due', subtaskId: id }).patch).toMatchObject({ subtasks: [], deadlines: [{ subtaskId: id, at: null }] });
    expect(scene.take({ kind: 'workflow_deadline_passed' }).patch).toMatchObject({ deadlines: [] });

    const { patch } = scene.control('resume');
    const past = hour - 100;
    expect(new Map(patch.deadlines.map(({ subtaskId, at }) => [subtaskId, at]))).toEqual(
      new Map<string | null, number>([
        [null, 2_000 + past],
        ['m', 1_000 + past],
        ['ok', 1_000 + past],
        ['s', 1_000 + past],
        ['z', hour],
        ['o', hour],
        ['h', 1_000 + past],
      ]),
    );
    expect(scene.get('ok')).toMatchObject({ for: { expiresAt: 1_000 + past } });
    scene.now += 1;
    for (const id of ['z', 'o']) scene.take({ kind: 'due', subtaskId: id });
    expect(scene.statuses()).toBe('m running, ok waiting, s waiting, z completed, h assigned, o assigned, m[0] assigned');
  });

  it('loses no answer', () => {
    const scene = play([
      { id: 'ok', kind: 'approval' },
      { id: 'b', needs: ['ok'] },
    ]);
    scene.control('pause');
    scene.take({ kind: 'answered', id: '1', subtaskId: 'ok', answer: { by: 'bob', decision: 'approve', at: 0 } });
    expect(scene.statuses()).toBe('ok completed, b pending');
    expect(scene.control('resume').sent).toEqual(['b']);
  });

  it('holds the items of a map, the parts of a loop and the steps of a plan', () => {
    const scene = play([
      { id: 'm', kind: 'map', over: [1, 2, 3, 4], concurrency: 2, each: { capability: 'c' } },
      { id: 'l', kind: 'loop', threshold: 1, generate: { capability: 'g' }, critique: { capability: 'k' } },
      { id: 'p', kind: 'plan', capability: 'planner', allow: ['*'] },
    ]);
    scene.control('pause');
    scene.complete('m[0]');
    scene.reply('m[1]', { status: 'held' });
    scene.complete('l#1/generate', 'draft');
    scene.complete('p', [
      { id: 'x', capability: 'c' },
      { id: 'y', capability: 'c', needs: ['x'] },
    ]);
    expect(scene.log).toHaveLength(4);
    scene.control('resume');
    expect(scene.log.slice(4).toSorted()).toEqual(['l#1/critique~0 k', 'm[1]~1 c', 'm[2]~0 c', 'p/x~0 c']);
    scene.control('pause');
    scene.complete('p/x');
    expect(scene.control('resume').sent).toEqual(['p/y']);
  });

  it('dispatches nothing, whatever happens meanwhile', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ pick: fc.nat(), kind: fc.constantFrom('complete', 'fail', 'hold', 'pause', 'pause', 'resume', 'check') }), { maxLength: 40 }),
        (moves) => {
          const ids = Array.from({ length: 8 }, (_, index) => `n${index}`);
          const scene = play(ids.map((id, index) => ({ id, optional: true, fallback: ['d'], needs: index < 3 ? [] : [`n${index - 3}`] })));
          for (const { pick, kind } of moves) {
            const id = ids[pick % ids.length] as string;
            if (kind === 'complete') scene.complete(id);
            if (kind === 'fail') scene.fail(id);
            if (kind === 'hold') scene.reply(id, { status: 'held' });
            if (kind === 'check') scene.check(id, { state: 'missing' });
            const before = scene.log.length;
            if (kind === 'pause') scene.control('pause');
            if (kind === 'resume') scene.control('resume');
            if (scene.workflow.state.status === 'paused') expect(scene.log.length).toBe(before);
          }
        },
      ),
    );
  });
});

describe('the end by somebody', () => {
  it.each([
    ['cancel', 5_000, 'CANCELLED', 'cancelled:5100'],
    ['terminate', 0, 'TERMINATED', 'cancelled:100'],
  ] as const)('%s gives handlers %i ms', (action, graceMs, code, flag) => {
    const scene = play([{ id: 'x' }, ...chain]);
    scene.complete('a');
    scene.now = 100;
    const step = scene.control(action === 'cancel' ? { action, graceMs } : { action });
    expect(scene.workflow.state).toMatchObject({ status: 'cancelled', endedAt: 100, error: { code } });
    expect(scene.statuses()).toBe('x cancelled, a completed, b cancelled, c cancelled');
    expect(step.patch.control).toEqual([{ key: '*', flag }]);
    expect(step.patch.events.at(-1)).toEqual({ type: 'workflow_cancelled', at: 100, durationMs: 100, by: 'ann', graceMs });
    expect(scene.complete('x').patch.subtasks).toEqual([]);
  });

  it('tells nobody when nobody is at work', () => {
    expect(play([{ id: 's', kind: 'signal', signal: 'go' }]).control('terminate').patch.control).toEqual([]);
  });

  it('reaches a paused workflow and its composites', () => {
    const scene = play([
      { id: 'm', kind: 'map', over: [1, 2], each: { capability: 'c' } },
      { id: 'p', kind: 'plan', capability: 'planner', allow: ['*'] },
    ]);
    scene.complete('p', [
      { id: 'x', capability: 'c' },
      { id: 'y', capability: 'c', needs: ['x'] },
    ]);
    scene.control('pause');
    const { patch } = scene.control({ action: 'cancel', graceMs: 1 });
    expect(scene.statuses()).toBe('m cancelled, p cancelled, m[0] cancelled, m[1] cancelled, p/x cancelled, p/y cancelled');
    expect(patch.control).toEqual([{ key: '*', flag: 'cancelled:1' }]);
  });
});
