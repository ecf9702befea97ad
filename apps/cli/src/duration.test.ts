import { expect, test } from 'vitest';
import { durationText } from './duration.ts';

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
