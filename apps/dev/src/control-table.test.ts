/** ARCHITECTURE.md says in which state what may be done to a workflow; the code has it as a table. Both are the same. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { controlRules } from '@baton/core';
import { expect, test } from 'vitest';
import { root } from './checkout.ts';

const statesIn = (cell: string): readonly string[] => cell.split(',').flatMap((state) => state.trim() || []);

test('the table of controls in ARCHITECTURE.md is that of the code', () => {
  const page = readFileSync(join(root, 'ARCHITECTURE.md'), 'utf8');
  const rows = page.split('\n').flatMap((line) => {
    const [, control = '', from = '', unchangedIn = ''] = line.split('|').map((cell) => cell.trim());
    const action = control.split(' ')[0] ?? '';
    return action in controlRules ? [[action, { from: statesIn(from), unchangedIn: statesIn(unchangedIn) }] as const] : [];
  });
  expect(Object.fromEntries(rows)).toEqual(controlRules);
});
