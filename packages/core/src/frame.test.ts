import { expect, it } from 'vitest';
import { play } from './fixture/scenario.ts';
import { scopeOf } from './frame.ts';
import { boardOf, type ReferenceRoot } from './index.ts';

const scene = play([
  { id: 'a' },
  { id: 'm', kind: 'map', over: [5], each: { capability: 'c' } },
  { id: 'l', kind: 'loop', threshold: 1, generate: { capability: 'g' }, critique: { capability: 'k' } },
]);

it.each<[string | null, ReferenceRoot, readonly string[], unknown]>([
  ['m[0]', 'item', [], 5],
  ['m[0]', 'index', [], 0],
  ['m[1]', 'item', [], undefined],
  ['l#1/generate', 'loop', ['round'], 1],
  ['l#1/generate', 'item', [], undefined],
  ['a', 'item', [], undefined],
  ['a', 'index', [], undefined],
  ['m[0]', 'loop', [], undefined],
  ['zz[0]', 'item', [], undefined],
  ['a', 'previous_result', [], undefined],
  ['a/x', 'previous_result', [], undefined],
  ['a', 'steps', [], undefined],
  ['a', 'context', [], {}],
  [null, 'previous_result', [], undefined],
  [null, 'item', [], undefined],
])('for %s, $%s %j is %j', (id, root, path, expected) => {
  expect(scopeOf(boardOf(scene.workflow), id)(root, path)).toEqual(expected);
});
