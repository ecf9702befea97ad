import type { ReceivedReply } from '@baton/core';
import { expect, test } from 'vitest';
import { createPatience, patienceMs } from './patience.ts';

/** `w1/a` is awaited by somebody, `w1/a~` in the queue; without a workflow it could not be parsed. */
function reply(name: string): ReceivedReply {
  const [workflowId = '', subtaskId = ''] = name.split('/');
  const report = workflowId === '' ? null : { workflowId, subtaskId, generation: 0, outcome: { status: 'held' } as const };
  return { stream: 's', id: name, report, isAwaitedInQueue: name.endsWith('~'), raw: '', problems: [] };
}

const read = (...names: readonly string[]): readonly ReceivedReply[] => names.map(reply);
const idsOf = (replies: readonly ReceivedReply[]): readonly string[] => replies.map(({ id }) => id);

test('what somebody waits for is given out at once, and takes along what its workflow has kept', () => {
  const patience = createPatience();
  expect(idsOf(patience.sift(read('w1/a~', 'w2/a~', 'w3/x', '/'), 0))).toEqual(['w3/x', '/']);
  expect(idsOf(patience.sift(read('w1/b~', 'w1/c', 'w2/b~'), 10))).toEqual(['w1/a~', 'w1/b~', 'w1/c']);
  expect(idsOf(patience.sift(read('w2/c'), 20))).toEqual(['w2/a~', 'w2/b~', 'w2/c']);
  expect(idsOf(patience.sift(read('w1/d', 'w2/d'), 30))).toEqual(['w1/d', 'w2/d']);
});

test('nothing is kept for longer than it may be, from its workflow on which came first', () => {
  const patience = createPatience();
  expect(patience.restMs(0)).toBe(Number.POSITIVE_INFINITY);
  patience.sift(read('w1/a~'), 0);
  patience.sift(read('w2/a~'), 100);
  patience.sift(read('w1/b~'), 200);
  expect(patience.restMs(200)).toBe(patienceMs - 200);
  expect(patience.sift([], patienceMs - 1)).toEqual([]);
  expect(idsOf(patience.sift([], patienceMs))).toEqual(['w1/a~', 'w1/b~']);
  expect(patience.restMs(patienceMs)).toBe(100);
  expect(patience.restMs(patienceMs + 200)).toBe(0);
  expect(idsOf(patience.sift([], patienceMs + 200))).toEqual(['w2/a~']);
  expect(patience.restMs(9_999)).toBe(Number.POSITIVE_INFINITY);
});

test('of too many none is kept', () => {
  const patience = createPatience();
  const names = Array.from({ length: 5_001 }, (_, index) => `w${index % 100}/a${index}~`);
  expect(patience.sift(read(...names.slice(0, 5_000)), 0)).toEqual([]);
  expect(patience.sift(read(...names.slice(5_000)), 0)).toHaveLength(5_001);
  expect(patience.sift(read('w1/b~'), 0)).toEqual([]);
});

test('what is cleared is not given out: it will be read again', () => {
  const patience = createPatience();
  patience.sift(read('w1/a~'), 0);
  patience.clear();
  expect(patience.restMs(0)).toBe(Number.POSITIVE_INFINITY);
  expect(idsOf(patience.sift(read('w1/a~', 'w1/b'), 10))).toEqual(['w1/a~', 'w1/b']);
});
