/** What an agent fills in is what the engine would have resolved. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  type Binding,
  type Json,
  type JsonObject,
  limits,
  type Reference,
  referencesIn,
  resolveBindings,
  resolveReferences,
  type Scope,
  valueAt,
} from './index.ts';

const name = fc.constantFrom('a', 'b', '0', '1', 'length', '__proto__', 'due date', '$params.x');
const plain: fc.Arbitrary<Json> = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom<Json>(null, 0, 'text', '$params.x', '$steps.n0', '$$', true),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(name, tie('value'), { maxKeys: 3 }),
  ),
})).value;

const reference = fc
  .record({
    step: fc.constantFrom('n0', 'n1', 'n2'),
    path: fc.array(fc.constantFrom('.a', '.b', '[0]', '[1]', '["due date"]'), { maxLength: 2 }),
    optional: fc.boolean(),
  })
  .map(({ step, path, optional }) => `$steps.${step}${path.join('')}${optional ? '?' : ''}`);
const params: fc.Arbitrary<JsonObject> = fc.letrec<{ value: Json; object: JsonObject }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    reference,
    fc.constantFrom<Json>('text', 7, '$$params', '$params.x?'),
    fc.array(tie('value'), { maxLength: 3 }),
    tie('object'),
  ),
  object: fc.dictionary(name, tie('value'), { maxKeys: 3 }),
})).object;

/** As trees are cut: the inputs' places are null, everything else is resolved. */
function bound(value: JsonObject, scope: Scope): { readonly parameters: JsonObject; readonly bindings: readonly Binding[] } {
  const resolved = resolveReferences(value, (root, path) => (root === 'steps' ? null : scope(root, path)));
  const references = [...referencesIn(value)].map((found) => ({ ...found, reference: found.reference as Reference }));
  const bindings = references.flatMap(({ at, reference: { root, path, optional } }): Binding[] =>
    root === 'steps' ? [{ at: at.map(String), input: path[0] as string, path: path.slice(1), optional }] : [],
  );
  return { parameters: resolved.ok ? (resolved.value as JsonObject) : {}, bindings };
}

it('gives what resolving the references would have given, or says that it cannot where that cannot', () => {
  fc.assert(
    fc.property(params, fc.tuple(plain, plain, plain), fc.subarray(['n0', 'n1', 'n2']), (value, outcomes, done) => {
      const results = new Map(done.map((id) => [id, outcomes[Number(id.slice(1))] as Json]));
      const scope: Scope = (root, [step, ...path]) => (root === 'steps' ? valueAt(results.get(step as string), path) : undefined);
      const resolved = resolveReferences(value, scope);
      const { parameters, bindings } = bound(value, scope);
      expect(resolveBindings(parameters, bindings, results)).toEqual(resolved.ok ? resolved : { ok: false });
    }),
    { numRuns: 2_000 },
  );
});

it('leaves what is not bound as it is, whatever it looks like', () => {
  const binding: Binding = { at: ['rows', '1'], input: 'n', path: ['deep', '0'], optional: false };
  const parameters = { text: '$steps.n', rows: [1, null, 3] };
  expect(resolveBindings(parameters, [binding], new Map([['n', { deep: ['$params.x'] }]]))).toEqual({
    ok: true,
    value: { text: '$steps.n', rows: [1, '$params.x', 3] },
  });
});

it('refuses more bytes than parameters may have', () => {
  const binding: Binding = { at: ['a'], input: 'n', path: [], optional: false };
  const fill = (bytes: number) => resolveBindings({ a: null }, [binding], new Map([['n', 'x'.repeat(bytes - '{"a":""}'.length)]]));
  expect([fill(limits.payloadBytesMax).ok, fill(limits.payloadBytesMax + 1).ok]).toEqual([true, false]);
});
