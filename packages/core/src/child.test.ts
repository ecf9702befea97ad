/** A workflow as a step of another: how it is started, what it comes to, and how what is done to one reaches the other. */
import { describe, expect, it } from 'vitest';
import { effectsOf, play, type Setting } from './fixture/scenario.ts';
import { limits, parentKey } from './index.ts';

const step = { id: 'w', kind: 'workflow', type: 'child', version: 3, params: { x: '$params.x' } };
const parentOf = (rest: object = {}, setting: Setting = {}) =>
  play(
    [
      { ...step, ...rest },
      { id: 'after', params: { w: '$steps.w' } },
    ],
    { params: { x: 7 }, ...setting },
  );
const childOf = (nodes: readonly object[] = [{ id: 'a' }]) =>
  play(nodes, { header: { parent: { workflowId: 'above', subtaskId: 'w', generation: 0 }, depth: 1 } });
const minute = 60_000;

describe('a workflow step', () => {
  it('starts a workflow with an id of its own', () => {
    const scene = parentOf();
    const start = {
      parent: { workflowId: 'wf', subtaskId: 'w', generation: 0 },
      workflowId: 'wf.w',
      type: 'child',
      version: 3,
      params: { x: 7 },
      caller: 'somebody',
      depth: 1,
      issuedAt: 0,
    };
    expect(scene.first.effects).toEqual([{ kind: 'start_child', start }]);
    expect(scene.first.patch.events.at(-1)).toMatchObject({ type: 'subtask_assigned', capability: 'workflow' });
  });

  it('comes to what that comes to', () => {
    const scene = parentOf();
    expect(scene.reply('w', { status: 'completed', result: { y: 1 } }, { capability: 'workflow' }).dispatches).toMatchObject([
      { subtaskId: 'after', parameters: { w: { y: 1 } } },
    ]);
    const failing = parentOf();
    failing.fail('w', 'SUBTASK_FAILED');
    expect(failing.workflow.state).toMatchObject({ status: 'failed', error: { details: { code: 'SUBTASK_FAILED' } } });
  });

  it('fails when its workflow is refused, or may not stand so deep', () => {
    const refused = parentOf({ optional: true });
    expect(refused.fail('w', 'CHILD_REFUSED').dispatches).toMatchObject([{ parameters: { w: null } }]);
    const deep = parentOf({}, { header: { depth: limits.depthMax } });
    expect([deep.first.effects, deep.get('w')]).toMatchObject([[], { status: 'failed_permanent', error: { code: 'TOO_DEEP' } }]);
    expect(effectsOf(parentOf({}, { header: { depth: limits.depthMax - 1 } }).first, 'start_child')).toMatchObject([{ start: { depth: limits.depthMax } }]);
  });

  it('whose params are not there fails', () => {
    expect(parentOf({ params: { x: '$params.zz' } }).get('w')).toMatchObject({ error: { code: 'UNRESOLVED_REFERENCE' } });
  });

  it('may be done for each item of a map', () => {
    const scene = play([{ id: 'm', kind: 'map', over: [1, 2], each: { kind: 'workflow', type: 'child', params: { i: '$item' } } }]);
    expect(effectsOf(scene.first, 'start_child').map(({ start }) => [start.workflowId, start.params])).toEqual([
      ['wf.m.0', { i: 1 }],
      ['wf.m.1', { i: 2 }],
    ]);
  });

  it('is started once more when nobody knows whether it was, as the same', () => {
    const scene = parentOf();
    scene.now = minute;
    const again = effectsOf(scene.check('w', { state: 'missing' }), 'start_child');
    expect(again).toMatchObject([{ start: { workflowId: 'wf.w', params: { x: 7 }, depth: 1, issuedAt: minute } }]);
    expect(scene.get('w')).toMatchObject({ generation: 0 });
    expect(scene.check('w', { state: 'active', agent: null, attempt: 1, startedAt: 0, progress: null }).patch.deadlines).toEqual([
      { subtaskId: 'w', at: 2 * minute },
    ]);
  });

  it('cannot be started once more with params that have grown too large', () => {
    const scene = play([{ id: 'w', kind: 'workflow', type: 't', params: { x: '$context.x?' } }, { id: 'a', writes: ['x'] }, { id: 'b' }]);
    scene.reply('a', { status: 'completed', result: null, contextUpdate: { x: 'x'.repeat(limits.payloadBytesMax) } });
    expect(scene.check('w', { state: 'missing' }).effects).toEqual([]);
    expect(scene.get('w')).toMatchObject({ error: { code: 'PAYLOAD_TOO_LARGE' } });
  });

  it('is another workflow when it is done again', () => {
    const scene = parentOf();
    scene.fail('w');
    expect(effectsOf(scene.control('retry'), 'start_child')).toMatchObject([{ start: { workflowId: 'wf.w.g1', parent: { generation: 1 } } }]);
  });
});

describe('what is done to a workflow', () => {
  const controls = (effects: readonly object[]) => effects.filter((effect) => 'control' in effect);

  it('is done to those below: pause, resume, cancel and terminate', () => {
    const scene = parentOf();
    const below = { kind: 'control_child', subtaskId: 'w', workflowId: 'wf.w', by: 'parent: ann' };
    expect(scene.control('pause').effects).toEqual([{ ...below, control: 'pause', graceMs: 0 }]);
    expect(scene.control('resume').effects).toEqual([{ ...below, control: 'resume', graceMs: 0 }]);
    expect(scene.control({ action: 'cancel', graceMs: 9 }).effects).toEqual([{ ...below, control: 'cancel', graceMs: 9 }]);
    expect(parentOf().control('terminate').effects).toEqual([{ ...below, control: 'terminate', graceMs: 0 }]);
  });

  it('reaches them when the step or the workflow is over its time, fails, or has no use for them', () => {
    const late = parentOf({ timeout_ms: minute, optional: true });
    late.now = minute;
    expect(controls(late.check('w', { state: 'active', agent: null, attempt: 1, startedAt: 0, progress: null }).effects)).toMatchObject([
      { control: 'terminate', workflowId: 'wf.w' },
    ]);
    const timedOut = parentOf({}, { timeout_ms: 10 });
    timedOut.now = 10;
    expect(controls(timedOut.take({ kind: 'workflow_deadline_passed' }).effects)).toMatchObject([{ control: 'terminate' }]);
    const straggler = play([step, { id: 'a' }, { id: 'j', needs: ['w', 'a'], join: { kind: 'any' } }], { params: { x: 1 } });
    expect(controls(straggler.complete('a').effects)).toMatchObject([{ control: 'terminate', workflowId: 'wf.w' }]);
    const failing = play([step, { id: 'a' }], { params: { x: 1 } });
    expect(controls(failing.fail('a').effects)).toMatchObject([{ control: 'terminate' }]);
  });

  it('is passed on by those in between in the name of the first', () => {
    const scene = parentOf();
    const { effects } = scene.take({ kind: 'controlled', control: { action: 'pause' }, by: 'parent: ann' });
    expect(effects).toMatchObject([{ by: 'parent: ann' }]);
  });

  it('does not concern those that have ended', () => {
    const scene = parentOf();
    scene.complete('w');
    expect(scene.control('pause').effects).toEqual([]);
  });
});

describe('a workflow below another', () => {
  const look = (scene: ReturnType<typeof childOf>, parent: 'alive' | 'paused' | 'gone') => scene.take({ kind: 'parent_checked', parent });

  it('looks after the one above, until it ends', () => {
    const scene = childOf();
    expect(scene.first.patch.deadlines).toContainEqual({ subtaskId: parentKey, at: minute });
    scene.now = minute;
    expect(look(scene, 'alive').patch).toMatchObject({ deadlines: [{ subtaskId: parentKey, at: 2 * minute }], events: [] });
    expect(scene.complete('a').patch.deadlines).toContainEqual({ subtaskId: parentKey, at: null });
    expect(look(scene, 'alive').patch.deadlines).toEqual([{ subtaskId: parentKey, at: null }]);
  });

  it('ends when the one above has no use for it any more', () => {
    const scene = childOf();
    expect(look(scene, 'gone').patch.control).toEqual([{ key: '*', flag: 'cancelled:0' }]);
    expect(scene.workflow.state).toMatchObject({ status: 'cancelled', error: { code: 'TERMINATED' } });
  });

  it('pauses and goes on with the one above, also when nobody told it', () => {
    const scene = childOf();
    look(scene, 'paused');
    expect(scene.workflow.state).toMatchObject({ status: 'paused', by: 'parent: paused' });
    expect(look(scene, 'paused').patch.events).toEqual([]);
    look(scene, 'alive');
    expect(scene.workflow.state.status).toBe('running');
    scene.take({ kind: 'controlled', control: { action: 'pause' }, by: 'parent: ann' });
    look(scene, 'alive');
    expect(scene.workflow.state.status).toBe('running');
  });

  it.each([{ action: 'retry' } as const, { action: 'rerun', from: 'a' } as const])('is not done again by itself: %j', (control) => {
    const scene = childOf();
    scene.fail('a');
    expect(scene.control(control).answers).toEqual([
      { outcome: 'refused', message: `This workflow is the work of step "w" of the workflow "above": ask that one to ${control.action}.` },
    ]);
    expect(scene.workflow.state.status).toBe('failed');
  });

  it('stays paused if somebody paused it for itself', () => {
    const scene = childOf();
    scene.control('pause');
    look(scene, 'alive');
    expect(scene.workflow.state.status).toBe('paused');
  });
});
