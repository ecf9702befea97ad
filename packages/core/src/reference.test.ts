import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Json } from './json.ts';
import { escapeText, formatReference, parseReference, referencesIn, resolveReferences, type Scope, valueAt } from './reference.ts';

describe('reading and writing', () => {
  it.each([
    ['$params', { root: 'params', path: [], optional: false }],
    ['$params.region', { root: 'params', path: ['region'], optional: false }],
    ['$steps.fetch.rows[0].a-b?', { root: 'steps', path: ['fetch', 'rows', '0', 'a-b'], optional: true }],
    ['$context["due date"]["q\\"t"]', { root: 'context', path: ['due date', 'q"t'], optional: false }],
  ])('reads %s', (text, expected) => {
    expect(parseReference(text)).toEqual(expected);
  });

  it.each(['$', '$foo', '$params.', '$params..a', '$params.a b', '$params[x]', '$params["x]', 'params.x', '$steps.a.b??', `$params.${'x'.repeat(1_100)}`])(
    'refuses %s',
    (text) => {
      expect(parseReference(text)).toBeNull();
    },
  );

  it('reads back what it writes', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('params' as const, 'steps' as const, 'context' as const),
        fc.array(fc.string({ maxLength: 20 }), { maxLength: 5 }),
        fc.boolean(),
        (root, path, optional) => {
          const reference = { root, path, optional };
          expect(parseReference(formatReference(reference))).toEqual(reference);
        },
      ),
    );
  });

  it('finds every reference with its place, malformed ones too', () => {
    const found = [...referencesIn({ a: '$params.x', b: [1, '$nope', { c: '$$5' }], d: null, e: 'text' })];
    expect(found.map(({ at, text, reference }) => [at.join('/'), text, reference?.root ?? null])).toEqual([
      ['a', '$params.x', 'params'],
      ['b/1', '$nope', null],
    ]);
  });
});

describe('resolving', () => {
  const scope: Scope = (root, path) => (root === 'params' ? valueAt({ x: { y: [1, { z: '$params.evil' }] }, nothing: null }, path) : undefined);

  it('replaces references by values, and only once', () => {
    expect(resolveReferences({ a: '$params.x.y', b: 'text', c: '$params.nothing', d: '$$params.x', e: [true, '$params.x.y[1].z'] }, scope)).toEqual({
      ok: true,
      value: { a: [1, { z: '$params.evil' }], b: 'text', c: null, d: '$params.x', e: [true, '$params.evil'] },
    });
  });

  it('leaves out what may be absent, and says all that must not be', () => {
    expect(resolveReferences({ a: '$params.no?', b: ['$params.no?'], c: 1 }, scope)).toEqual({ ok: true, value: { b: [null], c: 1 } });
    expect(resolveReferences('$params.no?', scope)).toEqual({ ok: true, value: null });
    expect(resolveReferences({ a: '$params.no', b: ['$steps.x.y', '$bad'] }, scope)).toMatchObject({
      ok: false,
      problems: [{ path: '/a' }, { path: '/b/0', message: expect.stringContaining('$steps.x.y') }, { path: '/b/1' }],
    });
  });

  it('leaves every text without references as it is', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(resolveReferences({ text: escapeText(text) }, scope)).toEqual({ ok: true, value: { text } });
      }),
    );
  });

  it.each<[Json, readonly string[]]>([
    [{}, ['constructor']],
    [[], ['map']],
    ['text', ['length']],
    [null, ['x']],
    [{ a: 1 }, ['a', 'b', 'c']],
  ])('finds nothing in %j at %j: own members only', (value, path) => {
    expect(valueAt(value, path)).toBeUndefined();
  });
});
