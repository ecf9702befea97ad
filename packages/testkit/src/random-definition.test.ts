/** Random definitions are definitions, and there are some of every kind. */
import { compileDefinition } from '@baton/core';
import { expect, test } from 'vitest';
import { createRandom } from './random.ts';
import { randomDefinition } from './random-definition.ts';

test('what is drawn compiles, has every kind of node, and is the same for the same seed', () => {
  const kinds = new Set<string>();
  for (let seed = 1; seed <= 200; seed += 1) {
    const draw = () => randomDefinition(createRandom(seed), { name: 'drawn', nodesMax: 7, children: ['child'], isHasty: false, isPlain: seed % 3 === 0 });
    expect(compileDefinition(draw())).toMatchObject({ ok: true });
    expect(draw()).toEqual(draw());
    for (const { kind } of draw().nodes) kinds.add(kind ?? 'task');
  }
  expect(kinds).toEqual(new Set(['approval', 'gather', 'loop', 'map', 'plan', 'signal', 'sleep', 'task', 'workflow']));
});
