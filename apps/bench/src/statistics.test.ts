import { expect, test } from 'vitest';
import { median, quantile, spread } from './statistics.ts';

const hundred = Array.from({ length: 100 }, (_, index) => 100 - index);

test.each([
  [hundred, 0.5, 50],
  [hundred, 0.99, 99],
  [hundred, 1, 100],
  [hundred, 0, 1],
  [[7], 0.99, 7],
  [[3, 1], 0.5, 1],
  [[], 0.5, Number.NaN],
])('the quantile is a value that was measured', (values, q, expected) => {
  expect(quantile(values, q)).toBe(expected);
});

test.each([
  [[3, 1, 2], 2],
  [[4, 1, 2, 3], 2.5],
  [[5], 5],
  [[], Number.NaN],
])('the median of %j is %d', (values, expected) => {
  expect(median(values)).toBe(expected);
});

test('the spread keeps the extremes', () => {
  expect(spread([3, 10, 1])).toEqual({ median: 3, min: 1, max: 10 });
});
