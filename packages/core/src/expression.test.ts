import { describe, expect, it } from 'vitest';
import { evaluate, expressionDefect, stepsNamedIn } from './expression.ts';
import type { Json } from './json.ts';

describe('an expression', () => {
  it.each<[string, Record<string, Json>, Json]>([
    ['1 + 1', {}, 2],
    ['n + 1', { n: 1.5 }, 2.5],
    ['1 + n', { n: 1.5 }, 2.5],
    ['n - 1 == 1.0 && n * 2 == 4.0 && n / 2 == 1.0', { n: 2 }, true],
    ['7 % n + n % 2 + n % n', { n: 4 }, 3],
    ['n >= 80 && n < 100', { n: 80 }, true],
    [
      'output.rows.filter(r, r.ok).map(r, r.id)',
      {
        output: {
          rows: [
            { ok: true, id: 'a' },
            { ok: false, id: 'b' },
          ],
        },
      },
      ['a'],
    ],
    ['{"a": [1, "x", null, 2.5]}', {}, { a: [1, 'x', null, 2.5] }],
    ['has(a.b) ? a.b : "none"', { a: {} }, 'none'],
    ['{1: "a"}', {}, { 1: 'a' }],
    ['output', { output: { deep: [{ er: 1 }] } }, { deep: [{ er: 1 }] }],
  ])('%s with %j is %j', (source, variables, expected) => {
    expect(evaluate(source, variables)).toEqual({ ok: true, value: expected });
  });

  it.each<[string, Record<string, Json>]>([
    ['absent', {}],
    ['a.b.c', { a: {} }],
    ['1 + "a"', {}],
    ['1.0 / 0.0', {}],
    ['type(1)', {}],
    ['timestamp("2026-01-01T00:00:00Z")', {}],
    ['1 +', {}],
  ])('%s with %j says why not', (source, variables) => {
    expect(evaluate(source, variables)).toMatchObject({ ok: false, message: expect.stringMatching(/./) });
  });

  it('cannot call out, and is bounded', () => {
    expect(evaluate('constructor', {})).toMatchObject({ ok: false });
    expect(evaluate('x.constructor', { x: {} })).toMatchObject({ ok: false });
    expect(expressionDefect(`"${'x'.repeat(2_000)}"`)).toContain('2000 characters');
    expect([expressionDefect('a &&'), expressionDefect('a && b')]).toEqual([expect.any(String), null]);
  });

  it('is parsed again when too many were kept', () => {
    for (let index = 0; index <= 2_001; index += 1) evaluate(`${index} + 0`, {});
    expect(evaluate('0 + 0', {})).toEqual({ ok: true, value: 0 });
  });

  it('names the steps in it, each once', () => {
    expect(stepsNamedIn(`steps.a.x && steps["b-c"] && steps[ 'd' ].y || steps.a || mysteps.e || steps . f`)).toEqual(['a', 'b-c', 'd', 'f']);
  });
});
