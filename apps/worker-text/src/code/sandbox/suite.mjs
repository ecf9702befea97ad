/** The examples of the spec as tests of the draft, each named by its place. A draft that does not load fails all of them. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';

const { name, examples } = JSON.parse(readFileSync(new URL('./spec.json', import.meta.url), 'utf8'));
let draft;
let failure;
try {
  draft = await import(new URL('./draft.mjs', import.meta.url));
  if (typeof draft[name] !== 'function') throw new Error(`It exports no function ${name}.`);
} catch (error) {
  failure = error;
}

for (const [index, { args, returns, throws }] of examples.entries()) {
  test(String(index), () => {
    if (failure !== undefined) throw failure;
    if (throws === undefined) assert.deepEqual(draft[name](...args), returns);
    else assert.throws(() => draft[name](...args), { name: throws });
  });
}
