/** The examples of the spec as tests of the draft, each named by its place. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';

const { name, examples } = JSON.parse(readFileSync(new URL('./spec.json', import.meta.url), 'utf8'));
const draft = await import('./draft.mjs');

for (const [index, { args, returns, throws }] of examples.entries()) {
  test(String(index), () => {
    if (throws === undefined) assert.deepEqual(draft[name](...args), returns);
    else assert.throws(() => draft[name](...args), { name: throws });
  });
}
