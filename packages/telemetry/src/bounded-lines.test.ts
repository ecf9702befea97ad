import { expect, test } from 'vitest';
import { boundedLines, type Line } from './bounded-lines.ts';

test('ten of an event in ten seconds are written, and the next line says how many were not', () => {
  const lines: Line[] = [];
  let now = 1_000;
  const write = boundedLines(
    (line) => lines.push(line),
    () => now,
  );
  const failed = { event: 'settle_failed', error: 'OOM' };
  for (let time = 0; time < 5_000; time += 1) write(failed);
  expect(lines).toEqual(Array.from({ length: 10 }, () => failed));
  write({ event: 'leases_not_renewed' });
  expect(lines.at(-1)).toEqual({ event: 'leases_not_renewed' });
  now += 10_000;
  write(failed);
  write(failed);
  expect(lines.slice(-2)).toEqual([{ ...failed, suppressed: 4_990 }, failed]);
});
