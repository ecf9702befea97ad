import type { Progress } from '@baton/core';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createProgress } from './progress.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function reporter() {
  const sent: Progress[] = [];
  const progress = createProgress(
    async (value) => void sent.push(value),
    (error) => expect.unreachable(String(error)),
  );
  return { progress, percents: () => sent.map(({ percent }) => percent), sent };
}

test('the first at once, then the last of each second', async () => {
  const { progress, percents } = reporter();
  for (const percent of [1, 2, 3]) progress.report(percent);
  await vi.advanceTimersByTimeAsync(0);
  expect(percents()).toEqual([1]);
  await vi.advanceTimersByTimeAsync(999);
  expect(percents()).toEqual([1]);
  await vi.advanceTimersByTimeAsync(1);
  expect(percents()).toEqual([1, 3]);
  progress.report(4);
  await vi.advanceTimersByTimeAsync(500);
  expect(percents()).toEqual([1, 3]);
  await vi.advanceTimersByTimeAsync(500);
  expect(percents()).toEqual([1, 3, 4]);
});

test('the end sends what waits, and takes no more', async () => {
  const { progress, percents } = reporter();
  progress.report(10);
  progress.report(90, 'nearly');
  await progress.end();
  progress.report(95);
  await vi.runAllTimersAsync();
  expect(percents()).toEqual([10, 90]);
  expect(vi.getTimerCount()).toBe(0);
});

test('a percentage is between 0 and 100', async () => {
  const { progress, sent } = reporter();
  for (const percent of [-5, 250, Number.NaN]) {
    progress.report(percent);
    await vi.advanceTimersByTimeAsync(1_000);
  }
  expect(sent).toEqual([0, 100, 0].map((percent) => ({ percent, message: null })));
});

test('progress that cannot be sent is told, and costs nothing else', async () => {
  const errors: unknown[] = [];
  const progress = createProgress(
    () => Promise.reject(new Error('away')),
    (error) => errors.push(error),
  );
  progress.report(1);
  await expect(progress.end()).resolves.toBeUndefined();
  expect(errors).toMatchObject([{ message: 'away' }]);
});
