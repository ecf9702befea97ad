import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { closedLoop, type LoopOptions } from './closed-loop.ts';

const options: LoopOptions = { inFlight: 3, warmUpMs: 0, windowMs: 0, countMin: 10, run: async () => await turn(), onEdge: () => {}, silentMsMax: 5_000 };

test('never more, and soon as many in flight as asked for; all are checked, the window holds at least what it must', async () => {
  let [now, most] = [0, 0];
  const started: number[] = [];
  const edges: number[] = [];
  const run = async (n: number): Promise<void> => {
    started.push(n);
    now += 1;
    most = Math.max(most, now);
    await turn();
    now -= 1;
  };
  const result = await closedLoop({ ...options, run, onEdge: () => edges.push(started.length) });
  expect(most).toBe(3);
  expect(now).toBe(0);
  expect(started).toEqual(started.map((_, index) => index + 1));
  expect(result.checked).toBe(started.length);
  expect(result.completed).toBe(10);
  expect(result.latenciesMs).toHaveLength(10);
  expect(result.checked).toBeGreaterThanOrEqual(result.completed + 3);
  expect(edges).toHaveLength(2);
});

test('one that goes wrong ends the measurement', async () => {
  const run = async (n: number): Promise<void> => {
    await turn();
    if (n === 5) throw new Error('a wrong result');
  };
  await expect(closedLoop({ ...options, run })).rejects.toThrow('a wrong result');
});

test('a system that falls silent is no measurement', async () => {
  await expect(closedLoop({ ...options, run: () => new Promise(() => {}), silentMsMax: 20 })).rejects.toMatchObject({ code: 'SILENT' });
});
