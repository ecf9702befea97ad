import { describe, expect, it } from 'vitest';
import type { JsonObject } from './json.ts';
import { absentName, isOptionalPath } from './schema-path.ts';

const inner = { type: 'object', properties: { b: { type: 'string' } }, required: ['b'] };
const person = {
  type: 'object',
  properties: { name: { type: 'string' }, age: { type: 'integer', default: 3 }, tags: { type: 'array', items: inner }, any: {}, yes: true },
  required: ['name', 'tags'],
  additionalProperties: false,
} satisfies JsonObject;

describe('a path that no value can have', () => {
  it.each<[readonly string[], string | null]>([
    [[], null],
    [['name'], null],
    [['nam'], 'nam'],
    [['name', 'x'], 'x'],
    [['tags', '0', 'b'], null],
    [['tags', '0', 'c', 'd'], 'c'],
    [['tags', 'x'], 'x'],
    [['any', 'x'], null],
    [['yes', 'x'], null],
    [['toString'], 'toString'],
  ])('%j: %s', (path, expected) => {
    expect(absentName(person, path)?.name ?? null).toBe(expected);
  });

  it('comes with the names that are there', () => {
    expect(absentName(person, ['tags', '3', 'c'])?.known).toEqual(['b']);
    expect(absentName(person, ['name', 'x'])?.known).toEqual([]);
  });

  it('is not guessed where the schema does not say', () => {
    expect(absentName(undefined, ['x'])).toBeNull();
    expect(absentName({ type: 'object' }, ['x'])).toBeNull();
    expect(absentName({ type: 'object', additionalProperties: false }, ['x'])).not.toBeNull();
    expect(absentName({ type: 'object', properties: {}, additionalProperties: {} }, ['x'])).toBeNull();
    expect(absentName({ type: 'object', properties: {} }, ['x'])).not.toBeNull();
    expect(absentName({ type: 'array' }, ['0', 'x'])).toBeNull();
  });
});

it.each<[readonly string[], boolean]>([
  [['name'], false],
  [['age'], false],
  [['any'], true],
  [['any', 'x'], true],
  [['tags', '0', 'b'], false],
  [['nope'], false],
  [[], false],
])('%j may be missing: %s', (path, expected) => {
  expect(isOptionalPath(person, path)).toBe(expected);
});
