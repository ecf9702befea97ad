import { expect, test } from 'vitest';
import { durationText, parseDuration } from './duration.ts';

test.each([
  [-5, '0.0s'],
  [420, '0.4s'],
  [12_340, '12.3s'],
  [59_940, '59.9s'],
  [59_960, '1m 00s'],
  [125_000, '2m 05s'],
  [3_599_600, '1h 00m'],
  [3_720_000, '1h 02m'],
  [273_600_000, '3d 4h'],
])('%i ms: %s', (ms, text) => expect(durationText(ms)).toBe(text));

test.each([
  ['10s', 10_000],
  ['500ms', 500],
  ['2m', 120_000],
  ['1h', 3_600_000],
  ['0s', 0],
])('%s is %i ms', (text, ms) => expect(parseDuration(text)).toBe(ms));

test.each(['', '10', 's', '-1s', '1.5s', '1d', '10 s', '99999999s', '1toString'])('%j is no time', (text) =>
  expect(() => parseDuration(text)).toThrow('like 10s'),
);
