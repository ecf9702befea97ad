/** Where dispatches grow into trees, and where they do not. What becomes of a tree is `mark.test.ts`. */
import { describe, expect, it, test } from 'vitest';
import { play, type Setting } from './fixture/scenario.ts';
import { type Json, limits } from './index.ts';

const all: Setting = { sameTree: () => true };
const first = (nodes: readonly object[], setting: Setting = {}) => play(nodes, { ...all, ...setting }).first;

describe('a tree', () => {
  test('of a chain is the chain, with places for what is not known yet', () => {
    const nodes = [
      { id: 'a', params: { from: '$params.source' } },
      { id: 'b', params: { rows: '$steps.a.rows', source: '$params.source', note: ['$steps.a.note?', '$$5'] } },
      { id: 'c', params: { all: '$previous_result' }, needs: ['b'] },
    ];
    const { trees, effects, patch } = first(nodes, { params: { source: 's3' } });
    expect(trees).toEqual(['c(b(a))']);
    expect(effects).toMatchObject([
      {
        assignment: { subtaskId: 'c', parameters: { all: null }, inputs: ['b'], bindings: [{ at: ['all'], input: 'b', path: [], optional: false }] },
        inputs: [
          {
            assignment: {
              subtaskId: 'b',
              generation: 0,
              parameters: { rows: null, source: 's3', note: [null, '$5'] },
              inputs: ['a'],
              bindings: [
                { at: ['rows'], input: 'a', path: ['rows'], optional: false },
                { at: ['note', '0'], input: 'a', path: ['note'], optional: true },
              ],
            },
            inputs: [{ assignment: { subtaskId: 'a', parameters: { from: 's3' } }, inputs: [] }],
          },
        ],
      },
    ]);
    expect(Object.fromEntries(patch.subtasks)).toEqual({
      a: { status: 'assigned', generation: 0, assignedAt: 0, issuedAt: 0 },
      b: { status: 'pending', generation: 0, behind: { a: 0 } },
      c: { status: 'pending', generation: 0, behind: { b: 0 } },
    });
  });

  test('of one is a plain dispatch, which says nothing of inputs', () => {
    const { effects } = first([{ id: 'a' }]);
    expect(effects).toMatchObject([{ kind: 'dispatch', inputs: [] }]);
    expect(effects[0]).not.toHaveProperty('assignment.inputs');
  });

  test('brings a fan-in together, also with what is only waited for', () => {
    const { trees, dispatches } = first([{ id: 'a' }, { id: 'b' }, { id: 'c', needs: ['a'], params: { b: '$steps.b' } }, { id: 'd', needs: ['c'] }]);
    expect(trees).toEqual(['d(c(a b))']);
    expect(dispatches[0]).not.toHaveProperty('bindings');
    expect(dispatches[1]).toMatchObject({ subtaskId: 'c', inputs: ['a', 'b'], bindings: [{ input: 'b' }] });
  });

  test('has the same time to live, retries and limits as what goes on its own', () => {
    const nodes = [{ id: 'a' }, { id: 'b', needs: ['a'], ttl_ms: 5_000, attempt_timeout_ms: 7_000, retry: { attempts: 2, jitter: 0 } }];
    expect(first(nodes).dispatches[0]).toMatchObject({ subtaskId: 'b', ttlMs: 5_000, attemptTimeoutMs: 7_000, retry: { attempts: 2 }, issuedAt: 0 });
  });

  test('grows from what is dispatched later, around what has settled by then', () => {
    const nodes = [
      { id: 'a' },
      { id: 'slow', optional: true },
      { id: 'b', needs: ['a', 'slow'] },
      { id: 'c', params: { a: '$steps.a.x', b: '$steps.b', slow: '$steps.slow', none: '$steps.a.y?' } },
    ];
    const scene = play(nodes, all);
    expect(scene.first.trees).toEqual(['a', 'slow']);
    scene.complete('a', { x: 1 });
    const step = scene.fail('slow');
    expect(step.trees).toEqual(['c(b)']);
    expect(step.dispatches[0]).toMatchObject({
      subtaskId: 'c',
      parameters: { a: 1, b: null, slow: null },
      inputs: ['b'],
      bindings: [{ at: ['b'], input: 'b' }],
    });
    expect(scene.get('c')).toMatchObject({ behind: { b: 0 } });
  });

  test('grows in a plan, whose steps may name those around it that have settled', () => {
    const nodes = [{ id: 'before' }, { id: 'make', kind: 'plan', capability: 'p', needs: ['before'], allow: ['*'] }, { id: 'after', needs: ['make'] }];
    const scene = play(nodes, all);
    expect(scene.complete('before', { x: 7 }).trees).toEqual(['make']);
    const planned = [
      { id: 'a', capability: 'c' },
      { id: 'b', capability: 'c', params: { a: '$steps.a', x: '$steps.before.x' } },
    ];
    const step = scene.complete('make', planned);
    expect(step.trees).toEqual(['make/b(make/a)']);
    expect(step.dispatches[0]).toMatchObject({ parameters: { a: null, x: 7 }, bindings: [{ at: ['a'], input: 'make/a', path: [] }] });
    scene.complete('make/a');
    expect(scene.complete('make/b').trees).toEqual(['after']);
  });
});

describe('a dispatch stays on its own', () => {
  const [a, b] = [{ id: 'a' }, { id: 'b', needs: ['a'] }];
  test.each<[why: string, nodes: readonly object[]]>([
    ['two wait for it', [a, b, { id: 'c', needs: ['a'] }]],
    ['it has rules', [{ ...a, rules: [{ rule: 'true', message: 'never' }] }, b]],
    ['its failure is lived with', [{ ...a, optional: true }, b]],
    ['it is a workflow of its own', [a, { id: 'w', kind: 'workflow', type: 'other' }, { id: 'b', needs: ['w'] }]],
    ['what comes next is no task', [a, { id: 'b', kind: 'plan', capability: 'p', allow: ['*'], needs: ['a'] }]],
    ['what comes next waits for a person, too', [a, { id: 'p', kind: 'approval' }, { id: 'b', needs: ['a', 'p'] }]],
    ['what comes next has a condition', [a, { ...b, when: 'params.x == 1' }]],
    ['what comes next lives with failures', [a, { ...b, join: { kind: 'settled' } }]],
    ['what comes next reads the context', [a, { ...b, params: { x: '$context.x?' } }]],
    ['what comes next would have more parameters than there may be', [a, { ...b, params: { x: '$params.long', y: '$params.long' } }]],
    ['what comes next refers to params that are not there', [a, { ...b, params: { x: '$params.absent' } }]],
  ])('where %s', (_why, nodes) => {
    const { trees } = first(nodes, { params: { long: 'x'.repeat(limits.treeBytesMax / 2) } });
    expect(trees[0]).toBe('a');
    expect(trees.join()).not.toContain('(');
  });

  test('where nothing is known of the agents', () => {
    expect(play([a, b]).first.trees).toEqual(['a']);
  });

  test('where the agents of the two do not trust each other, or only one of them knows how', () => {
    const nodes = [
      { id: 'a', capability: 'x.a' },
      { id: 'b', capability: 'x.b', needs: ['a'] },
      { id: 'c', capability: 'y.c', needs: ['b'] },
    ];
    const asked: string[] = [];
    const sameTree = (one: string, other: string) => {
      asked.push(`${one} ${other}`);
      return one[0] === other[0];
    };
    expect(first(nodes, { sameTree }).trees).toEqual(['b(a)']);
    expect(asked).toEqual(['x.a x.b', 'x.b y.c']);
  });

  test('where something that it may name is not settled', () => {
    const nodes = [{ id: 'slow' }, { id: 'make', kind: 'plan', capability: 'p', allow: ['*'] }];
    const scene = play(nodes, all);
    const planned = [
      { id: 'a', capability: 'c' },
      { id: 'b', capability: 'c', needs: ['a'], params: { slow: '$steps.slow?' } },
    ];
    expect(scene.complete('make', planned).trees).toEqual(['make/a']);
  });

  test('where what comes next was skipped over or cancelled before', () => {
    const nodes = [a, { id: 'never', when: 'false' }, { id: 'b', needs: ['a', 'never'] }];
    expect(first(nodes).trees).toEqual(['a']);
  });

  test('in maps and loops, whose own rules say what comes next', () => {
    const loop = { id: 'l', kind: 'loop', generate: { capability: 'g' }, critique: { capability: 'k' }, threshold: 1 };
    const map = { id: 'm', kind: 'map', over: [1, 2], each: { capability: 'e' } };
    expect(first([loop, map]).trees).toEqual(['l#1/generate', 'm[0]', 'm[1]']);
  });

  test('when it is tried again', () => {
    const scene = play([{ ...a, fallback: ['other'] }, b, { id: 'c', needs: ['b'] }], all);
    expect(scene.fail('a').trees).toEqual(['a']);
    scene.reply('b', { status: 'blocked' });
    scene.reply('c', { status: 'blocked' });
    expect(scene.complete('a').trees).toEqual(['b']);
    expect(scene.complete('b').trees).toEqual(['c']);
    scene.complete('c');
    expect(scene.control({ action: 'rerun', from: 'a' }).trees).toEqual(['a']);
    expect(scene.complete('a').trees).toEqual(['b']);
  });
});

describe('a tree has bounds', () => {
  const chain = (length: number, params: Json = {}) =>
    Array.from({ length }, (_, index) => ({ id: `n${index}`, ...(index > 0 && { needs: [`n${index - 1}`], params }) }));

  it('in subtasks: a long chain comes in pieces', () => {
    const scene = play(chain(limits.treeNodesMax + 2), all);
    expect(scene.first.sent).toHaveLength(limits.treeNodesMax);
    for (let index = 0; index < limits.treeNodesMax - 1; index += 1) scene.complete(`n${index}`);
    expect(scene.complete(`n${limits.treeNodesMax - 1}`).trees).toEqual([`n${limits.treeNodesMax + 1}(n${limits.treeNodesMax})`]);
  });

  it('a wide fan-in is no tree', () => {
    const wide = (width: number) => {
      const inputs = Array.from({ length: width }, (_, index) => ({ id: `n${index}` }));
      return first([...inputs, { id: 'join', needs: inputs.map(({ id }) => id) }]).effects;
    };
    expect(wide(limits.treeNodesMax - 1)).toHaveLength(1);
    expect(wide(limits.treeNodesMax)).toHaveLength(limits.treeNodesMax);
  });

  it('in bytes', () => {
    const long = 'x'.repeat(limits.treeBytesMax / 4 - 100);
    const { trees, sent } = first(chain(10, { long: '$params.long' }), { params: { long } });
    expect([trees.length, sent.length]).toEqual([1, 5]);
  });
});
