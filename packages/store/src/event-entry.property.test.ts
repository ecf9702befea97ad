/** Whatever is decided, an entry of the log gives back: each event as it was, member by member in its order, since the chain of hashes is over that. */
import type { RecordedEvent } from '@baton/core';
import { definitionArbitrary, make, moveArbitrary, startWalk, workflowOf } from '@baton/testkit';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { entryOf, entryText } from './event-entry.ts';

const error = { code: 'X', message: 'ä "quoted" 😀', details: [null, { deep: null }] };
const subject = { at: 5, subtaskId: 'plan/each[3]', generation: 0 };
const dispatch = { ...subject, capability: 'data.fetch' };
const attempt = { ...dispatch, agent: 'data-agent-01', attempt: 2, durationMs: 0 };

/** One of each type, and one more for what may be absent or null. */
const samples: { readonly [Name in RecordedEvent['type']]: readonly object[] } = {
  workflow_started: [{ at: 5, caller: '' }],
  subtask_assigned: [dispatch, { ...dispatch, generation: 3, cause: 'lost' }],
  subtask_completed: [attempt, { ...attempt, agent: null, attempt: null }],
  subtask_failed: [
    { ...attempt, error },
    { ...attempt, agent: null, attempt: null, error, tolerated: true },
  ],
  subtask_setback: [
    { ...dispatch, next: 'held' },
    { ...dispatch, next: 'repair', error },
  ],
  subtask_skipped: [{ at: 5, subtaskId: 'a', reason: 'Not needed.' }],
  subtask_cancelled: [{ at: 5, subtaskId: 'a' }],
  subtask_waiting: [{ at: 5, subtaskId: 'a', for: 'sleep', until: 9 }],
  approval_answered: [{ at: 5, subtaskId: 'a', by: 'ann', decision: 'approve' }],
  signal_received: [{ at: 5, signal: 'go', by: 'ann' }],
  context_updated: [{ at: 5, subtaskId: 'a', paths: ['a.b'], refused: [] }],
  workflow_paused: [{ at: 5, by: 'ann' }],
  workflow_resumed: [{ at: 5, by: 'ann' }],
  workflow_retried: [{ at: 5, by: 'ann', from: ['a', 'b'] }],
  workflow_completed: [{ at: 5, durationMs: 5 }, { at: 5, durationMs: 5, partialFailures: 1 }], // biome-ignore format: a line each
  workflow_cancelled: [{ at: 5, durationMs: 5, by: 'ann', graceMs: 0 }],
  workflow_failed: [{ at: 5, durationMs: 5, error }],
  workflow_timed_out: [{ at: 5, durationMs: 5, error }],
};
const every = Object.entries(samples).flatMap(([type, events]) => events.map((event) => ({ type, ...event }) as RecordedEvent));

function expectGivenBack(events: readonly RecordedEvent[]): void {
  const entry = entryOf('7', entryText(events, 'h'));
  expect([entry.id, entry.hash]).toEqual(['7', 'h']);
  expect(JSON.stringify(entry.events)).toBe(JSON.stringify(events));
}

it('gives back every type of event, with and without what may be absent', () => {
  for (const event of every) expectGivenBack([event]);
  expectGivenBack(every);
});

it('keeps the time of each event, written once for those that share it', () => {
  const times = [0, 5, 5, 3, 1_795_178_916_849];
  const events = times.map((at): RecordedEvent => ({ type: 'subtask_cancelled', at, subtaskId: 'a' }));
  expectGivenBack(events);
  expect(entryText(events.slice(1, 3), 'h')).toBe('["h",5,["cancelled","a"],["cancelled","a"]]');
});

it('gives back whatever is decided', () => {
  fc.assert(
    fc.property(definitionArbitrary(7), fc.array(moveArbitrary(), { maxLength: 50 }), (definition, moves) => {
      const walk = startWalk(workflowOf(definition, { params: { flag: true } }));
      for (const move of moves) make(walk, move);
      for (const { decision } of walk.history) expectGivenBack(decision.patch.events);
    }),
    { numRuns: 300 },
  );
});
