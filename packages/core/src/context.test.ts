import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ContextEntry, compareOrder, conversationSurplus, mayWrite, outranks, viewOf } from './context.ts';
import { limits } from './limits.ts';

const entry = (value: ContextEntry['value'], ...order: readonly number[]): ContextEntry => ({ value, by: 'x', order });

describe('what a conversation has no room for', () => {
  const of = (count: number, bytes: number): readonly (readonly [string, number])[] => Array.from({ length: count }, (_, index) => [`p${index}`, bytes]);

  it.each([
    ['nothing of what fits', of(limits.contextPathsMax, 1), []],
    ['the oldest paths', of(limits.contextPathsMax + 2, 1), [`p${limits.contextPathsMax}`, `p${limits.contextPathsMax + 1}`]],
    ['the oldest bytes', of(3, limits.conversationBytesMax / 2), ['p2']],
    [
      'what comes after something too big, so that nothing older outlasts it',
      [
        ['big', limits.conversationBytesMax + 1],
        ['old', 1],
      ] as const,
      ['big', 'old'],
    ],
  ])('is %s', (_, left, expected) => {
    expect(conversationSurplus(left)).toEqual(expected);
  });
});

describe('the view of a context', () => {
  it.each<[string, Record<string, ContextEntry>, unknown]>([
    ['dotted paths as one object', { 'a.b': entry(1, 0), 'a.c': entry(2, 0), d: entry(3, 0) }, { a: { b: 1, c: 2 }, d: 3 }],
    ['a later writer over an earlier one', { a: entry({ b: 1, c: 2 }, 0), 'a.b': entry(9, 1) }, { a: { b: 9, c: 2 } }],
    ['an earlier writer under a later one', { a: entry({ b: 1 }, 1), 'a.b': entry(9, 0) }, { a: { b: 1 } }],
    ['of one writer the longer path last', { 'a.b': entry(9, 0), a: entry({ b: 1 }, 0) }, { a: { b: 9 } }],
    ['an object in the place of a value', { a: entry(1, 0), 'a.b': entry(2, 1) }, { a: { b: 2 } }],
  ])('lays %s', (_, entries, expected) => {
    expect(viewOf(new Map(Object.entries(entries)))).toEqual(expected);
  });

  it('takes no name for anything but a name', () => {
    const view = viewOf(
      new Map([
        ['__proto__.admin', entry(true, 0)],
        ['constructor', entry(1, 0)],
      ]),
    );
    expect([Object.keys(view), ({} as { admin?: true }).admin]).toEqual([['constructor', '__proto__'], undefined]);
  });

  it('leaves the values themselves as they are', () => {
    const value = { b: 1 };
    viewOf(
      new Map([
        ['a', entry(value, 0)],
        ['a.b', entry(2, 1)],
      ]),
    );
    expect(value).toEqual({ b: 1 });
  });

  it('depends on who wrote what, never on who was first', () => {
    const path = fc.constantFrom('a', 'a.b', 'a.b.c', 'a.d', 'e');
    const write = fc.record({ path, value: fc.oneof(fc.nat(9), fc.constantFrom({ b: 1 }, { d: 2 })) });
    fc.assert(
      fc.property(
        fc.uniqueArray(write, { selector: ({ path: each }) => each, maxLength: 5 }),
        fc.array(write, { maxLength: 5 }),
        fc.infiniteStream(fc.nat()),
        (one, other, picks) => {
          const writes = [...one.map((each, order) => ({ ...each, order })), ...other.map((each, order) => ({ ...each, order: order + one.length }))];
          const shuffled = writes.map((each) => ({ each, key: picks.next().value as number })).toSorted((a, b) => a.key - b.key);
          expect(written(shuffled.map(({ each }) => each))).toEqual(written(writes));
        },
      ),
    );
  });
});

function written(writes: readonly { readonly path: string; readonly value: ContextEntry['value']; readonly order: number }[]): unknown {
  const entries = new Map<string, ContextEntry>();
  for (const { path, value, order } of writes) if (outranks([order], entries.get(path))) entries.set(path, entry(value, order));
  return viewOf(entries);
}

it('orders by the first difference, and what is shorter before what is longer', () => {
  expect([
    compareOrder([1, 2], [1, 3]) < 0,
    compareOrder([2], [1, 9]) > 0,
    compareOrder([1], [1, 0]) < 0,
    compareOrder([1, 0], [1]) > 0,
    compareOrder([1], [1]),
  ]).toEqual([true, true, true, true, 0]);
});

it('lets a step write its own paths and what is below them', () => {
  expect(['a', 'a.b', 'ab', 'b', ''].map((path) => mayWrite(['a'], path))).toEqual([true, true, false, false, false]);
});
