import { expect, test } from 'vitest';
import { moneyAmount } from './money.ts';

test.each<[string, number | null, number | null]>([
  ['1234.5', 1234.5, null],
  ['$1,234.50', 1234.5, null],
  ['1.234,50 €', null, 1234.5],
  ['1,234', 1234, 1.234],
  ['1.234', 1.234, 1234],
  ['USD 12', 12, 12],
  ['12 EUR', 12, 12],
  ['US$ 12', 12, 12],
  ['-12', -12, -12],
  ['-$12.00', -12, null],
  ['$-12', -12, -12],
  ['\u221212', -12, -12],
  ['(12)', -12, -12],
  ['1 234', 1234, 1234],
  ['1\u202f234', 1234, 1234],
  ["1'234'567", 1234567, 1234567],
  ['.5', 0.5, null],
  ['0', 0, 0],
  ['1,23', null, 1.23],
  ['1,2345', null, 1.2345],
  ['12,34,567', null, null],
  ['1e5', null, null],
  ['12%', null, null],
  ['n/a', null, null],
  ['-', null, null],
  ['', null, null],
  ['99999999999999', null, null],
])('%s', (text, point, comma) => {
  expect(moneyAmount(text, '.')).toBe(point);
  expect(moneyAmount(text, ',')).toBe(comma);
});
