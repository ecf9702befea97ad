import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Aggregate, aggregate, isVote, strategies } from './aggregation.ts';
import type { Json } from './json.ts';

const run = (options: unknown, results: readonly Json[]) => aggregate(results, Aggregate.parse(options));

describe('every strategy', () => {
  it.each<[unknown, readonly Json[], Json]>([
    [{ strategy: 'list' }, [1, 'b', null], [1, 'b', null]],
    [{ strategy: 'merge' }, [{ a: 1, b: 1 }, { b: 2 }], { a: 1, b: 2 }],
    [{ strategy: 'merge' }, [], {}],
    [{ strategy: 'majority' }, ['a', 'b', 'b'], 'b'],
    [{ strategy: 'majority' }, ['a', 'b', 'b', 'a'], 'a'],
    [{ strategy: 'majority' }, [{ x: 1, y: 2 }, { z: 0 }, { y: 2, x: 1 }], { x: 1, y: 2 }],
    [{ strategy: 'majority', of: 'label' }, [{ label: 'spam', n: 1 }, { label: 'spam', n: 2 }, { label: 'ham' }], 'spam'],
    [{ strategy: 'majority', of: 'label' }, [{}, {}, { label: 'x' }], null],
    [{ strategy: 'majority' }, [], null],
    [{ strategy: 'first', k: 2 }, [1, 2, 3], [1, 2]],
    [{ strategy: 'sum' }, [1, 2, 3.5], 6.5],
    [{ strategy: 'sum', of: 'kpi.total' }, [{ kpi: { total: 1 } }, { kpi: { total: 2 } }], 3],
    [{ strategy: 'sum' }, [], 0],
    [{ strategy: 'avg' }, [1, 2, 6], 3],
    [{ strategy: 'avg' }, [], null],
    [{ strategy: 'min' }, [2, -1, 3], -1],
    [{ strategy: 'min' }, [], null],
    [{ strategy: 'max' }, [2, -1, 3], 3],
    [{ strategy: 'max' }, [], null],
    [{ strategy: 'concat' }, [[1], [2, [3]]], [1, 2, [3]]],
    [{ strategy: 'concat', separator: ', ' }, ['a', 'b'], 'a, b'],
    [{ strategy: 'concat', of: 'rows' }, [{ rows: [1] }, { rows: [2] }], [1, 2]],
    [{ strategy: 'best', by: 'score' }, [{ score: 1 }, { score: 3, id: 'one' }, { score: 3, id: 'two' }], { score: 3, id: 'one' }],
    [{ strategy: 'best', by: 'score' }, [], null],
    [
      { strategy: 'weighted', of: 'v', weight: 'w' },
      [
        { v: 'a', w: 1 },
        { v: 'b', w: 0.6 },
        { v: 'b', w: 0.6 },
      ],
      'b',
    ],
    [{ strategy: 'weighted', of: 'v', weight: 'w' }, [{ w: 1 }, { v: 'b', w: 1 }], null],
    [{ strategy: 'expression', expression: 'results.map(r, r.n + 1)' }, [{ n: 1 }, { n: 2 }], [2, 3]],
  ])('%j of %j', (options, results, expected) => {
    expect(run(options, results)).toEqual({ ok: true, value: expected });
  });

  it.each<[unknown, readonly Json[], string]>([
    [{ strategy: 'merge' }, [{ a: 1 }, [1]], 'objects'],
    [{ strategy: 'sum' }, [1, '2'], 'a result is no number'],
    [{ strategy: 'avg', of: 'n' }, [{ n: 1 }, {}], '"n" of a result is no number'],
    [{ strategy: 'sum' }, [1e308, 1e308], 'beyond all numbers'],
    [{ strategy: 'concat' }, [[1], 'a'], 'all lists or all texts'],
    [{ strategy: 'best', by: 'score' }, [{ score: 1 }, { score: '2' }], '"score" of a result is no number'],
    [{ strategy: 'weighted', of: 'v', weight: 'w' }, [{ v: 1 }], '"w" of a result is no number'],
    [{ strategy: 'expression', expression: 'results[9]' }, [1], 'index'],
  ])('%j of %j says why not', (options, results, message) => {
    expect(run(options, results)).toMatchObject({ ok: false, message: expect.stringContaining(message) });
  });

  it('keeps keys that mean something to JavaScript as data', () => {
    const merged = run({ strategy: 'merge' }, [JSON.parse('{"__proto__": {"admin": true}}') as Json]);
    expect(JSON.stringify(merged)).toBe('{"ok":true,"value":{"__proto__":{"admin":true}}}');
  });

  it('counts votes in two of them', () => {
    expect(Object.keys(strategies).filter((strategy) => isVote({ strategy } as Aggregate))).toEqual(['majority', 'weighted']);
  });
});

it('answers a majority that nobody beats, whatever the values are', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.constantFrom<Json>(null, 1, 'a', [1], { a: 1, b: 2 }, { b: 2, a: 1 })), { minLength: 1 }), (values) => {
      const outcome = run({ strategy: 'majority' }, values);
      const count = (value: Json) => values.filter((each) => same(each, value)).length;
      return (
        outcome.ok &&
        values.every((value) => count(value) <= count(outcome.value)) &&
        values.findIndex((value) => same(value, outcome.value)) <= values.findIndex((value) => count(value) === count(outcome.value))
      );
    }),
  );
});

function same(one: Json, other: Json): boolean {
  return JSON.stringify(sorted(one)) === JSON.stringify(sorted(other));
}

function sorted(value: Json): Json {
  return value !== null && typeof value === 'object' && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).toSorted(([one], [other]) => (one < other ? -1 : 1)))
    : value;
}
