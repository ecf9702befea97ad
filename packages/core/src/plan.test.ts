import { describe, expect, it } from 'vitest';
import { play, type Scenario } from './fixture/scenario.ts';
import { type Json, limits, Node } from './index.ts';
import { capabilitiesOf } from './plan.ts';

const planner = { id: 'p', kind: 'plan', capability: 'plan.make', allow: ['c', 'text.*', 'plan.make'] };
const planned = (nodes: Json, rest: object = {}, others: readonly object[] = []): Scenario => {
  const scene = play([...others, { ...planner, ...rest }]);
  for (const { id } of others as readonly { id: string }[]) scene.complete(id, { of: id });
  scene.complete('p', nodes);
  return scene;
};
const task = (id: string, rest: object = {}) => ({ id, capability: 'c', ...rest }) as Json;

describe('a plan', () => {
  it('is spliced in: its steps begin, see each other and what was there, and their last results are its own', () => {
    const scene = planned(
      {
        nodes: [task('x', { params: { outer: '$steps.a.of' } }), task('y', { needs: ['x'], params: { x: '$steps.x', before: '$previous_result' } }), task('z')],
      },
      { needs: ['a'] },
      [{ id: 'a' }],
    );
    expect(scene.log).toEqual(['a~0 c', 'p~0 plan.make', 'p/x~0 c', 'p/z~0 c']);
    expect(scene.complete('p/x', 'X').dispatches).toMatchObject([{ subtaskId: 'p/y', parameters: { x: 'X', before: 'X' } }]);
    scene.complete('p/y', 'Y');
    expect(scene.status('p')).toBe('running');
    scene.complete('p/z', 'Z');
    expect(scene.workflow.state).toMatchObject({ status: 'completed', result: { p: { y: 'Y', z: 'Z' } } });
    expect(scene.get('p')).toMatchObject({ assignedAt: 0, parts: { execution: { agent: 'agent-1' } } });
  });

  it('may be a bare list, or empty', () => {
    expect(planned([task('x')]).status('p/x')).toBe('assigned');
    expect(planned({ nodes: [] }).workflow.state).toMatchObject({ status: 'completed', result: { p: {} } });
  });

  it('may hold every kind of node, one in the other', () => {
    const scene = planned([
      { id: 'm', kind: 'map', over: [1, 2], each: { capability: 'text.a', params: { i: '$item' } } },
      { id: 'l', kind: 'loop', threshold: 1, generate: { capability: 'c' }, critique: { capability: 'c' } },
      { id: 's', kind: 'sleep', for_ms: 10 },
      { id: 'inner', kind: 'plan', capability: 'plan.make', allow: ['c'], params: { m: '$steps.m' } },
    ]);
    expect(scene.log).toEqual(['p~0 plan.make', 'p/m[0]~0 text.a', 'p/m[1]~0 text.a', 'p/l#1/generate~0 c']);
    scene.complete('p/m[0]', 'a');
    expect(scene.complete('p/m[1]', 'b').dispatches).toMatchObject([{ subtaskId: 'p/inner', parameters: { m: ['a', 'b'] } }]);
    expect(scene.complete('p/inner', [task('y', { params: { m: '$steps.m[1]' } })]).dispatches).toMatchObject([
      { subtaskId: 'p/inner/y', parameters: { m: 'b' } },
    ]);
    scene.complete('p/inner/y', 'Y');
    expect(scene.get('p/inner')).toMatchObject({ status: 'completed', result: { y: 'Y' } });
    scene.fail('p/l#1/generate');
    expect(scene.get('p')).toMatchObject({ status: 'failed_permanent', error: { code: 'PLAN_FAILED', details: { subtask_id: 'p/l', code: 'ROUND_FAILED' } } });
    expect(scene.status('p/s')).toBe('cancelled');
  });

  it('has joins, optional and skipped steps of its own', () => {
    const scene = planned([
      task('x'),
      task('y'),
      task('no', { when: 'false' }),
      task('opt', { optional: true }),
      task('j', { needs: ['x', 'y'], join: { kind: 'any' } }),
    ]);
    scene.fail('p/opt');
    scene.complete('p/x');
    expect(scene.statuses()).toContain('p/x completed, p/y cancelled, p/no skipped, p/opt failed_permanent, p/j assigned');
    scene.complete('p/j', 'J');
    expect(scene.get('p')).toMatchObject({ status: 'completed', result: { no: null, opt: null, j: 'J' } });
  });

  it('fails with a join that became impossible with its last step', () => {
    const scene = planned([task('x'), task('y'), task('j', { needs: ['x', 'y'], join: { kind: 'any' } })]);
    scene.fail('p/x');
    scene.fail('p/y');
    expect(scene.get('p')).toMatchObject({
      status: 'failed_permanent',
      error: { code: 'PLAN_FAILED', message: expect.stringContaining('can no longer be reached') },
    });
  });

  it('fails once, though several of its steps do', () => {
    const scene = planned([task('x', { params: { x: '$context.absent' } }), task('y', { params: { x: '$context.absent' } })]);
    expect(scene.get('p')).toMatchObject({ error: { code: 'PLAN_FAILED', details: { subtask_id: 'p/x', code: 'UNRESOLVED_REFERENCE' } } });
  });

  it('ends its steps with itself', () => {
    const scene = planned([task('x'), task('y'), task('z', { needs: ['y'] })], { optional: true });
    const { patch } = scene.fail('p/x');
    expect(scene.statuses()).toBe('p failed_permanent, p/x failed_permanent, p/y cancelled, p/z cancelled');
    expect(patch.control).toEqual([{ key: 'p/y~0', flag: 'cancelled:0' }]);
    expect(scene.workflow.state).toMatchObject({ status: 'completed', partialFailures: 1 });
  });

  it('must come to what the step promises', () => {
    const scene = planned([task('x')], { output: { type: 'object', required: ['answer'] } });
    scene.complete('p/x');
    expect(scene.get('p')).toMatchObject({ status: 'failed_permanent', error: { code: 'INVALID_OUTPUT' } });
  });

  it('has the time of its step, counted from when the planner was asked', () => {
    const scene = play([{ ...planner, timeout_ms: 1_000 }]);
    scene.now = 600;
    expect(scene.complete('p', [task('x')]).patch.deadlines).toContainEqual({ subtaskId: 'p', at: 1_000 });
    scene.now = 999;
    expect(scene.take({ kind: 'due', subtaskId: 'p' }).patch.deadlines).toEqual([{ subtaskId: 'p', at: 1_000 }]);
    scene.now = 1_000;
    scene.take({ kind: 'due', subtaskId: 'p' });
    expect(scene.get('p')).toMatchObject({ error: { code: 'SUBTASK_TIMEOUT' } });
  });
});

describe('a bad plan', () => {
  it('goes back to the planner with its problems, so often and not more', () => {
    const bad = { nodes: [task('x', { needs: ['y'] }), task('y', { needs: ['x'] })] };
    const scene = planned(bad, { replans: 2 });
    for (const generation of [1, 2]) {
      expect(scene.log.at(-1)).toBe(`p~${generation} plan.make`);
      if (generation === 1)
        expect(scene.get('p')).toMatchObject({ status: 'assigned', tries: { repairs: 1, feedback: { problems: [{ code: 'cycle' }], previousOutput: bad } } });
      const step = scene.complete('p', bad);
      if (generation === 1) expect(step.dispatches).toMatchObject([{ repair: { problems: [{ path: '/nodes/0', code: 'cycle' }], previousOutput: bad } }]);
    }
    expect(scene.get('p')).toMatchObject({ status: 'failed_permanent', error: { code: 'INVALID_PLAN', message: expect.stringContaining('x → y → x') } });
  });

  it('counts apart from repairs of its output, and after them come the fallbacks', () => {
    const scene = planned(7, { replans: 0, repairs: 5, fallback: ['plan.other'] });
    expect(scene.log).toEqual(['p~0 plan.make', 'p~1 plan.other']);
  });

  it.each<[string, Json, readonly string[], object?]>([
    ['no list', { nodes: 'x' }, ['/nodes invalid_type']],
    ['nothing', null, ['/nodes invalid_type']],
    ['an object without nodes', {}, ['/nodes invalid_type']],
    ['shapes that are none', [{ id: 'x' }, task('a:b')], ['/nodes/0/capability invalid_type', '/nodes/1/id invalid_format']],
    ['duplicate ids', [task('x'), task('x')], ['/nodes/1/id duplicate_id']],
    ['unknown needs, also of steps outside', [task('x', { needs: ['a', 'q'] })], ['/nodes/0/needs/0 unknown_id', '/nodes/0/needs/1 unknown_id']],
    ['unknown references', [task('x', { params: { y: '$steps.nowhere' } })], ['/nodes/0/params/y unknown_id']],
    ['bad joins and expressions', [task('x', { join: { kind: 'any' }, when: '1 +' })], ['/nodes/0/join bad_join', '/nodes/0/when bad_expression']],
    ['a cycle', [task('x', { needs: ['x'] })], ['/nodes/0 cycle']],
    ['a forbidden capability', [task('x', { capability: 'shell.run' })], ['/nodes/0 forbidden_capability']],
    ['a forbidden fallback', [task('x', { fallback: ['textual'] })], ['/nodes/0 forbidden_capability']],
    ['a forbidden capability in a map', [{ id: 'm', kind: 'map', over: [], each: { capability: 'shell.run' } }], ['/nodes/0 forbidden_capability']],
    ['a forbidden workflow', [{ id: 'w', kind: 'workflow', type: 'other' }], ['/nodes/0 forbidden_capability']],
    ['a plan that would allow itself more', [{ id: 'q', kind: 'plan', capability: 'plan.make', allow: ['*'] }], ['/nodes/0 forbidden_capability']],
    ['paths that it may not write', [task('x', { writes: ['ours.part', 'theirs'] })], ['/nodes/0/writes forbidden_path'], { writes: ['ours'] }],
    ['any path where it may write none', [task('x', { writes: ['ours'] })], ['/nodes/0/writes forbidden_path']],
    ['too many nodes', [task('x'), task('y')], ['/nodes too_big'], { nodes_max: 1 }],
    ['too much of it', [task('x', { params: { x: 'x'.repeat(limits.payloadBytesMax) } })], [' too_large']],
  ])('says so of %s', (_, nodes, expected, rest = {}) => {
    const scene = planned(nodes, { replans: 0, ...rest }, [{ id: 'a' }]);
    const subtask = scene.get('p');
    expect(subtask).toMatchObject({ status: 'failed_permanent', error: { code: 'INVALID_PLAN' } });
    const { problems } = (subtask as unknown as { error: { details: { problems: readonly { path: string; code: string }[] } } }).error.details;
    expect(problems.map(({ path, code }) => `${path} ${code}`)).toEqual(expected);
  });

  it('is one that stands too deep in others', () => {
    const scene = play([{ ...planner, allow: ['*'], replans: 0 }]);
    let id = 'p';
    for (let depth = 0; depth < limits.nestingMax; depth += 1) {
      scene.complete(id, [{ ...planner, id: 'q', allow: ['*'], replans: 0 }] as Json);
      id = `${id}/q`;
      expect(scene.status(id)).toBe('assigned');
    }
    scene.complete(id, [task('x')]);
    expect(scene.get('p')).toMatchObject({ status: 'failed_permanent', error: { message: expect.stringContaining(`may stand ${limits.nestingMax} deep`) } });
  });

  it('may use anything where anything is allowed', () => {
    expect(planned([task('x', { capability: 'shell.run' }), { id: 'w', kind: 'workflow', type: 'other' }], { allow: ['*'] }).log).toContain('p/x~0 shell.run');
    expect(planned([{ id: 'w', kind: 'workflow', type: 'other' }], { allow: ['workflow:other'] }).status('p/w')).toBe('assigned');
  });
});

it('knows every capability that a node may come to ask', () => {
  const nodes = [
    { id: 'a', capability: 'c', fallback: ['d'] },
    { id: 'b', kind: 'plan', capability: 'p', allow: ['x.*'] },
    { id: 'c', kind: 'map', over: [], each: { capability: 'e', fallback: ['f'] } },
    { id: 'd', kind: 'map', over: [], each: { kind: 'workflow', type: 't' } },
    { id: 'e', kind: 'loop', generate: { capability: 'g' }, critique: { capability: 'h', fallback: ['i'] } },
    { id: 'f', kind: 'workflow', type: 't' },
    { id: 'g', kind: 'sleep', for_ms: 1 },
    { id: 'h', kind: 'approval' },
    { id: 'i', kind: 'signal', signal: 's' },
    { id: 'j', kind: 'gather' },
  ].map((node) => Node.parse(node));
  expect(nodes.map((node) => capabilitiesOf(node).join(' '))).toEqual(['c d', 'p x.*', 'e f', 'workflow:t', 'g h i', 'workflow:t', '', '', '', '']);
});
