import { expect, test } from 'vitest';
import { type HandlerContext, whenNeeded } from './index.ts';

const context = {} as HandlerContext;

test('a handler is loaded with the first subtask, and once', async () => {
  let loads = 0;
  const handler = whenNeeded(async () => {
    loads += 1;
    return (input: number) => input * 2;
  });
  expect(loads).toBe(0);
  expect(await Promise.all([handler(1, context), handler(2, context)])).toEqual([2, 4]);
  expect(await handler(3, context)).toBe(6);
  expect(loads).toBe(1);
});

test('a load that fails, fails the attempt; the next one loads anew', async () => {
  let loads = 0;
  const handler = whenNeeded(async () => {
    loads += 1;
    if (loads === 1) throw new Error('too many open files');
    return () => 'done';
  });
  await expect(handler(null, context)).rejects.toThrow('too many open files');
  expect(await handler(null, context)).toBe('done');
});
