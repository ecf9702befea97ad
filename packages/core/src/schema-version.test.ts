import { expect, test } from 'vitest';
import { compileDefinition } from './compile.ts';
import { currentSchema, NewerSchemaError, type Schema, upgraded } from './schema-version.ts';

const third: Schema = {
  version: 3,
  upgrades: { reply: new Map([[1, (older) => ({ ...(older as object), second: true })]]), event: new Map([[2, (older) => [...(older as []), 3]]]) },
};

test.each([
  ['reply', 1, {}, { second: true }],
  ['reply', 2, {}, {}],
  ['event', 1, [1], [1, 3]],
  ['event', 3, [1], [1]],
  ['workflow', 1, 'as it is', 'as it is'],
] as const)('a %s of version %i is read through the upgrades that it has before it', (kind, version, older, newer) => {
  expect(upgraded(third, kind, version, older)).toEqual(newer);
});

test('what is newer names what it is, and both versions', () => {
  const error = new NewerSchemaError('The workflow "wf"', 2, 1);
  expect(error).toMatchObject({
    name: 'NewerSchemaError',
    code: 'NEWER_SCHEMA',
    message: expect.stringMatching(/^The workflow "wf" was .*schema 2; .* knows 1/),
  });
});

test('a definition of a newer schema is not judged by what this code knows', () => {
  const definition = { name: 'x', version: 1, schema: 2, nodes: [{ id: 'a', kind: 'of tomorrow' }] };
  expect(compileDefinition(definition)).toMatchObject({ ok: false, problems: [{ path: '/schema', code: 'newer_schema' }] });
  expect(compileDefinition({ ...definition, nodes: [{ id: 'a', capability: 'test.a' }] }, third)).toMatchObject({
    ok: true,
    type: { definition: { schema: 2 } },
  });
  expect(compileDefinition({ ...definition, schema: 'two' })).toMatchObject({
    ok: false,
    problems: expect.arrayContaining([{ path: '/schema', code: 'invalid_type', message: expect.any(String) }]),
  });
  expect(compileDefinition(null)).toMatchObject({ ok: false });
  expect(currentSchema.version).toBe(1);
});
