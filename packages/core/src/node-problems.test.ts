import { describe, expect, it } from 'vitest';
import { compileDefinition } from './index.ts';

const task = (id: string, rest: object = {}) => ({ id, capability: 'c', ...rest });
const parts = { generate: { capability: 'g' }, critique: { capability: 'k' } };

function problemsOf(...nodes: readonly object[]): readonly string[] {
  const compiled = compileDefinition({ name: 'test', version: 1, nodes });
  return compiled.ok ? [] : compiled.problems.map(({ path, code }) => `${path} ${code}`);
}

describe('every kind of node', () => {
  it('may be right', () => {
    const nodes = [
      task('a'),
      { id: 'm', kind: 'map', over: '$steps.a', each: { capability: 'c', params: { i: '$item.x', n: '$index', before: '$previous_result' } } },
      {
        id: 'l',
        kind: 'loop',
        threshold: 1,
        generate: { capability: 'g', params: { p: '$loop.previous?' } },
        critique: { capability: 'k', params: { d: '$loop.draft' } },
      },
      { id: 'l2', kind: 'loop', on_exhausted: 'complete', ...parts },
      { id: 'w', kind: 'workflow', type: 't', params: { c: '$conversation.x' } },
      { id: 'p', kind: 'plan', capability: 'planner', allow: ['*'] },
      { id: 'ok', kind: 'approval', approvers: ['x', 'y'], required: 2 },
      { id: 's', kind: 'signal', signal: 'go' },
      { id: 'z', kind: 'sleep', for_ms: 1 },
      { id: 'g', kind: 'gather', needs: ['a', 'z'], join: { kind: 'quorum', k: 2, of: 2 }, aggregate: { strategy: 'expression', expression: 'results' } },
    ];
    expect(problemsOf(...nodes)).toEqual([]);
  });

  it.each<[string, readonly object[], readonly string[]]>([
    ['an item outside a map', [task('a', { params: { x: '$item' } })], ['/nodes/0/params/x bad_reference']],
    ['an item in what a map goes over', [{ id: 'm', kind: 'map', over: '$item', each: { capability: 'c' } }], ['/nodes/0/over bad_reference']],
    ['a loop outside a loop', [task('a', { params: { x: '$loop.round' } })], ['/nodes/0/params/x bad_reference']],
    ['previous_result without a step before', [task('a', { params: { x: '$previous_result' } })], ['/nodes/0/params/x bad_reference']],
    [
      'previous_result of two',
      [task('a'), task('b'), task('d', { needs: ['a', 'b'], params: { x: '$previous_result' } })],
      ['/nodes/2/params/x bad_reference'],
    ],
    ['a join of nothing', [task('a', { join: { kind: 'settled' } })], ['/nodes/0/join bad_join']],
    ['a quorum of others', [task('a'), task('b', { needs: ['a'], join: { kind: 'quorum', k: 1, of: 2 } })], ['/nodes/1/join bad_join']],
    ['more than there are', [task('a'), task('b', { needs: ['a'], join: { kind: 'first', k: 2 } })], ['/nodes/1/join bad_join']],
    ['a quorum of more than there are', [task('a'), task('b', { needs: ['a'], join: { kind: 'quorum', k: 2, of: 1 } })], ['/nodes/1/join bad_join']],
    ['more approvals than approvers', [{ id: 'ok', kind: 'approval', approvers: ['x'], required: 2 }], ['/nodes/0/required too_big']],
    ['a gather of nothing', [{ id: 'g', kind: 'gather' }], ['/nodes/0/needs too_small']],
    ['a loop that can only fail', [{ id: 'l', kind: 'loop', ...parts }], ['/nodes/0/threshold missing']],
    ['a sleep without an end', [{ id: 'z', kind: 'sleep' }], ['/nodes/0/for_ms custom']],
    ['a sleep with two', [{ id: 'z', kind: 'sleep', for_ms: 1, until: 'x' }], ['/nodes/0/for_ms custom']],
    ['an unknown kind', [{ id: 'z', kind: 'zzz' }], ['/nodes/0/kind invalid_union']],
    [
      'an expression that is none',
      [task('a', { when: '1 +', rules: [{ rule: ')', message: 'm' }] })],
      ['/nodes/0/when bad_expression', '/nodes/0/rules/0/rule bad_expression'],
    ],
    [
      'expressions inside a loop, a map and an aggregate',
      [
        {
          id: 'l',
          kind: 'loop',
          until: '(',
          generate: { capability: 'g', rules: [{ rule: '(', message: 'm' }] },
          critique: { capability: 'k', rules: [{ rule: '(', message: 'm' }] },
        },
        {
          id: 'm',
          kind: 'map',
          over: [],
          each: { capability: 'c', rules: [{ rule: '(', message: 'm' }] },
          aggregate: { strategy: 'expression', expression: '(' },
        },
      ],
      ['/nodes/0/until', '/nodes/0/generate/rules/0/rule', '/nodes/0/critique/rules/0/rule', '/nodes/1/each/rules/0/rule', '/nodes/1/aggregate/expression'].map(
        (path) => `${path} bad_expression`,
      ),
    ],
    [
      'schemas inside a loop and a map',
      [
        { id: 'l', kind: 'loop', threshold: 1, generate: { capability: 'g', output: { type: 'x' } }, critique: { capability: 'k' } },
        { id: 'm', kind: 'map', over: [], each: { capability: 'c', output: { type: 'x' } } },
      ],
      ['/nodes/0/generate/output bad_schema', '/nodes/1/each/output bad_schema'],
    ],
    ['a condition on a step that is not there', [task('a', { when: 'steps.zz > 1' })], ['/nodes/0/when unknown_id']],
    [
      'a cycle over conditions and the parts of others',
      [task('a', { when: 'steps.m == 1' }), { id: 'm', kind: 'map', over: [], each: { capability: 'c', params: { x: '$steps.a' } } }],
      ['/nodes/0 cycle'],
    ],
    [
      'references of a sleep and a loop',
      [
        { id: 'z', kind: 'sleep', until: '$steps.q' },
        { id: 'l', kind: 'loop', threshold: 1, ...parts, critique: { capability: 'k', params: { x: '$steps.q' } } },
      ],
      ['/nodes/0/until unknown_id', '/nodes/1/critique/params/x unknown_id'],
    ],
  ])('says so of %s', (_, nodes, expected) => {
    expect(problemsOf(...nodes)).toEqual(expected);
  });
});
