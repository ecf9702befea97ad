import { expect, it } from 'vitest';
import { itemOf, nestingOf, partOfPlan, partOfRound, placeOf, siblingOf } from './subtask-id.ts';

it.each([
  ['fetch', { in: 'definition', local: 'fetch' }, 0],
  ['enrich[3]', { in: 'map', parent: 'enrich', index: 3, local: 'item' }, 1],
  ['refine#2/generate', { in: 'loop', parent: 'refine', round: 2, local: 'generate' }, 1],
  ['plan/x', { in: 'plan', parent: 'plan', local: 'x' }, 1],
  ['plan/x[0]', { in: 'map', parent: 'plan/x', index: 0, local: 'item' }, 2],
  ['plan/x#10/critique', { in: 'loop', parent: 'plan/x', round: 10, local: 'critique' }, 2],
  ['plan/inner/y', { in: 'plan', parent: 'plan/inner', local: 'y' }, 2],
])('%s says where it stands', (id, place, nesting) => {
  expect(placeOf(id)).toEqual(place);
  expect(nestingOf(id)).toBe(nesting);
});

it('names the sibling in the same place', () => {
  const siblings = ['a', 'plan/x', 'l#2/generate', 'm[4]'].map((id) => siblingOf(placeOf(id), 'critique'));
  expect(siblings).toEqual(['critique', partOfPlan('plan', 'critique'), partOfRound('l', 2, 'critique'), itemOf('m', 4)]);
});
