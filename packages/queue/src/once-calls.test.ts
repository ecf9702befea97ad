import { dispatchId, limits } from '@baton/core';
import { assignmentMessage, capabilityQueue } from '@baton/protocol';
import { exampleAssignment } from '@baton/testkit';
import { QueueKeys } from 'bullmq';
import { expect, test } from 'vitest';
import { onceKeptMs, onceKey } from './once-calls.ts';

const prefix = '{baton:0}';

test('its key is of the capability, and none of those that BullMQ has for the queue or for a job in it', () => {
  const id = dispatchId('once', 'fetch', 1);
  const key = onceKey(prefix, 'data.fetch', id);
  expect(key).toBe('{baton:0}:cap.data.fetch:once:once~fetch~1');
  const keys = new QueueKeys(prefix);
  const queue = capabilityQueue('data.fetch');
  expect(Object.keys(keys.getKeys(queue))).not.toContain('once');
  // What belongs to a job begins with its id, in which there is a tilde before there is a colon.
  expect(key.startsWith(keys.toKey(queue, id))).toBe(false);
});

const hour = 3_600_000;
test.each<[attemptsLeft: number, attemptTimeoutMs: number, keptMs: number]>([
  [1, 10_000, 10_000 + limits.backoffMsMax + hour],
  [3, 10_000, 3 * (10_000 + limits.backoffMsMax) + hour],
  [100, limits.timeoutMsMax, limits.timeoutMsMax + hour],
])('with %i attempts of %i ms left it is kept for %i ms', (attemptsLeft, attemptTimeoutMs, keptMs) => {
  expect(onceKeptMs(assignmentMessage(exampleAssignment({ attemptTimeoutMs }), 'id'), attemptsLeft)).toBe(keptMs);
});
