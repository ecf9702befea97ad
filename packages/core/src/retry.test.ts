import { expect, it } from 'vitest';
import { retryDelayMs } from './retry.ts';

const policy = { backoffMs: 1_000, backoffMsMax: 30_000, jitter: 0.5 };

it.each([
  [1, 0, 1_000],
  [2, 0, 2_000],
  [5, 0, 16_000],
  [6, 0, 30_000],
  [90, 0, 30_000],
  [2, 0.999, 1_001],
  [2, 0.5, 1_500],
])('after %i attempts with random %f waits %i ms', (attemptsMade, random, expected) => {
  expect(retryDelayMs(policy, attemptsMade, random)).toBe(expected);
});

it('never waits longer than half a minute, whatever the policy says', () => {
  expect(retryDelayMs({ ...policy, backoffMsMax: 1e9 }, 50, 0)).toBe(30_000);
});
