import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { nextEventHash, type RecordedEvent } from './index.ts';

const cancelled = (at: number): RecordedEvent => ({ type: 'subtask_cancelled', at, subtaskId: 'a' });

it('covers the hash before and the events, as anybody can recompute it', () => {
  const events = [cancelled(1), cancelled(2)];
  const expected = createHash('sha256')
    .update(`before${JSON.stringify(events)}`)
    .digest('base64url');
  expect(nextEventHash('before', events)).toBe(expected);
});

it('is another one for another past, other events, or the same ones in two entries', () => {
  const hashes = [
    nextEventHash('', [cancelled(1)]),
    nextEventHash('x', [cancelled(1)]),
    nextEventHash('', [cancelled(2)]),
    nextEventHash('', [cancelled(1), cancelled(2)]),
    nextEventHash(nextEventHash('', [cancelled(1)]), [cancelled(2)]),
  ];
  expect(new Set(hashes).size).toBe(hashes.length);
});

it('stays as it is without events', () => {
  expect(nextEventHash('before', [])).toBe('before');
});
