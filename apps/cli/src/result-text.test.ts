import { describe, expect, test } from 'vitest';
import { briefResultLines, resultLines } from './result-text.ts';

test('a result: fields under each other, what is nested as JSON, nothing cut', () => {
  expect(resultLines({ report: 'file:///r.html', rows: 3, kpis: { a: [1] } })).toEqual([
    'report  file:///r.html',
    'rows    3',
    'kpis    {',
    '          "a": [',
    '            1',
    '          ]',
    '        }',
  ]);
  expect(resultLines([1])).toEqual(['[', '  1', ']']);
  expect(resultLines('text')).toEqual(['"text"']);
  expect(resultLines(undefined)).toEqual([]);
  expect(resultLines({ rows: Array.from({ length: 1_000 }, () => 1) })).toHaveLength(1_002);
});

describe('in brief', () => {
  const hint = ['', 'All of it: baton workflow result wf_1 --json'];
  const many = Array.from({ length: 50 }, (_, index) => index);

  test('what is small is as it is', () => {
    for (const result of [{ report: 'file:///r.html', kpis: { a: [1] } }, [1], 'text', null, undefined]) {
      expect(briefResultLines(result, 'wf_1')).toEqual(resultLines(result));
    }
  });

  test('what is nested and big is named, and it says how to see all of it', () => {
    const result = { rows: 3, list: many, table: Object.fromEntries(many.map((key) => [`column ${key}`, key])), text: 'word '.repeat(1_000) };
    const lines = briefResultLines(result, 'wf_1');
    expect(lines.slice(0, 3)).toEqual(['rows   3', 'list   [ 50 items ]', expect.stringMatching(/^table {2}\{ column 0, column 1, .*… \}$/)]);
    expect(lines.slice(4)).toEqual(hint);
    for (const line of lines) expect(line.length).toBeLessThan(410);
  });

  test('so is a result that is a list, and one of too many fields', () => {
    expect(briefResultLines(many, 'wf_1')).toEqual(['[ 50 items ]', ...hint]);
    const lines = briefResultLines(Object.fromEntries(many.map((key) => [`k${key}`, key])), 'wf_1');
    expect(lines.slice(-4)).toEqual(['k19  19', '… and 30 more', ...hint]);
  });
});
