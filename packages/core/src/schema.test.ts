import { describe, expect, it } from 'vitest';
import type { JsonObject } from './json.ts';
import { schemaDefect, schemaProblems, withDefaults } from './schema.ts';

const person = {
  type: 'object',
  properties: {
    name: { type: 'string' },
    age: { type: 'integer', default: 3 },
    tags: { type: 'array', items: { enum: ['a', 'b'] } },
    any: {},
    mail: { type: 'string', format: 'email' },
  },
  required: ['name'],
  additionalProperties: false,
} satisfies JsonObject;

describe('checking', () => {
  it('says everything that does not fit', () => {
    expect(schemaProblems(person, { name: 'x', age: 1 })).toEqual([]);
    expect(schemaProblems(person, { tags: ['c'], extra: 1, mail: 'no' })).toEqual([
      { path: '', code: 'required', message: "must have required property 'name'" },
      { path: '', code: 'additionalProperties', message: 'must NOT have additional properties: extra' },
      { path: '/tags/0', code: 'enum', message: 'must be equal to one of the allowed values: "a", "b"' },
      { path: '/mail', code: 'format', message: 'must match format "email"' },
    ]);
  });

  it('fills defaults into a copy', () => {
    const given = { name: 'x' };
    expect(withDefaults(person, given)).toEqual({ ok: true, value: { name: 'x', age: 3 } });
    expect(given).toEqual({ name: 'x' });
    expect(withDefaults(person, {})).toMatchObject({ ok: false, problems: [{ code: 'required' }] });
  });

  it('takes two schemas with one $id for what they are', () => {
    expect(schemaProblems({ $id: 'same', type: 'string' }, 1)).toHaveLength(1);
    expect(schemaProblems({ $id: 'same', type: 'number' }, 1)).toEqual([]);
  });

  it('says what is wrong with a schema', () => {
    expect(schemaDefect({ type: 'object' })).toBeNull();
    expect(schemaDefect({ type: 'no such type' })).toContain('type');
  });
});
