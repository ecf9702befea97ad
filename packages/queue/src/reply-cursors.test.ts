import type { ReceivedReply } from '@baton/core';
import { expect, test } from 'vitest';
import { createCursors } from './reply-cursors.ts';

const reply = (stream: string, id: string): ReceivedReply => ({ stream, id, report: null, isAwaitedInQueue: false, raw: '', problems: [] });

test('a read moves its streams on, and only those', () => {
  const cursors = createCursors();
  cursors.follow(['a', 'b']);
  cursors.begin()([reply('a', '1-0'), reply('a', '2-0')]);
  expect([...cursors.positions]).toEqual([
    ['a', '2-0'],
    ['b', '0-0'],
  ]);
});

test('a rewind while a read waits is not undone by what the read brings', () => {
  const cursors = createCursors();
  cursors.follow(['a']);
  cursors.begin()([reply('a', '1-0')]);
  const take = cursors.begin();
  cursors.rewind();
  expect(take([reply('a', '2-0')])).toHaveLength(1);
  expect(cursors.positions.get('a')).toBe('0-0');
});

test('what a read brings of a stream that was given up meanwhile is not ours', () => {
  const cursors = createCursors();
  cursors.follow(['a', 'b']);
  const take = cursors.begin();
  cursors.follow(['b', 'c']);
  expect(take([reply('a', '1-0'), reply('b', '1-0')])).toEqual([reply('b', '1-0')]);
  expect([...cursors.positions]).toEqual([
    ['b', '1-0'],
    ['c', '0-0'],
  ]);
});
