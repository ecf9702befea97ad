import { describe, expect, test } from 'vitest';
import { InputError } from './failure.ts';
import { type Params, withWords } from './params.ts';

const cases: [words: string[], params: Params, base?: Params][] = [
  [['source=sales.csv'], { source: 'sales.csv' }],
  [['a=1', 'b=true', 'c=null', 'd=[1,"x"]', 'e={"f":1}'], { a: 1, b: true, c: null, d: [1, 'x'], e: { f: 1 } }],
  [['a="1"'], { a: '1' }],
  [['a='], { a: '' }],
  [['a=b=c'], { a: 'b=c' }],
  [['id=007', 'account=12345678901234567890'], { id: '007', account: '12345678901234567890' }],
  [['columns.date=Date', 'columns.amount=Gross'], { columns: { date: 'Date', amount: 'Gross' } }],
  [['columns.date=Date'], { columns: { date: 'Date', amount: 'x' }, limit: 3 }, { columns: { date: 'd', amount: 'x' }, limit: 3 }],
  [['columns={}'], { columns: {} }, { columns: { date: 'd' } }],
  [['toString.x=1'], { toString: { x: 1 } }],
];

test.each(cases)('%j', (words, params, base = {}) => {
  const before = structuredClone(base);
  expect(withWords(base, words)).toEqual(params);
  expect(base).toEqual(before);
});

describe('refuses', () => {
  test.each(['sales', '=x', 'a..b=1', '.a=1', 'a.=1', '__proto__.x=1', 'a.__proto__=1'])('%s', (word) => {
    expect(() => withWords({}, [word])).toThrow(InputError);
  });

  test('a field of what has none', () => {
    expect(() => withWords({ source: 'x' }, ['source.uri=y'])).toThrow('"source" is already something that has no fields');
  });

  test('and says what it takes', () => {
    expect(() => withWords({}, ['sales'])).toThrow('--params takes words like source=sales.csv; "sales" is none.');
  });
});
