import { type EventEntry, nextEventHash, type RecordedEvent, type Workflow } from '@baton/core';
import { graphDefinition, workflowOf } from '@baton/testkit';
import { expect, test } from 'vitest';
import { brokenRules } from './log-rules.ts';

const started: RecordedEvent = { type: 'workflow_started', at: 1, caller: 'test' };
const completed: RecordedEvent = { type: 'workflow_completed', at: 9, durationMs: 8 };
const paused: RecordedEvent = { type: 'workflow_paused', at: 2, by: 'ann' };
const resumed: RecordedEvent = { type: 'workflow_resumed', at: 3, by: 'ann' };
const assigned = (subtaskId: string, generation = 0): RecordedEvent => ({ type: 'subtask_assigned', at: 2, subtaskId, generation, capability: 'test.work' });
const done = (subtaskId: string, generation = 0): RecordedEvent => ({
  type: 'subtask_completed',
  at: 3,
  subtaskId,
  generation,
  capability: 'test.work',
  agent: 'a',
  attempt: 1,
  durationMs: 1,
});

/** n1 needs n0. */
function problems(log: readonly RecordedEvent[], change: (entries: EventEntry[]) => void = () => {}): readonly string[] {
  const entries: EventEntry[] = [];
  for (const event of log) entries.push({ id: String(entries.length), events: [event], hash: nextEventHash(entries.at(-1)?.hash ?? '', [event]) });
  const workflow: Workflow = workflowOf(graphDefinition([[], [0]]));
  workflow.state = { status: 'completed', endedAt: 9, result: null };
  workflow.eventHash = entries.at(-1)?.hash ?? '';
  change(entries);
  return brokenRules(workflow, entries);
}

const good = [started, assigned('n0'), done('n0'), assigned('n1'), done('n1'), completed];

test('a log in order breaks nothing, and neither does one with a pause or another generation', () => {
  expect(problems(good)).toEqual([]);
  expect(problems([started, paused, resumed, assigned('n0'), assigned('n0', 1), done('n0', 1), assigned('n1'), done('n1'), completed])).toEqual([]);
});

test.each([
  ['an entry was taken out', good, (entries: EventEntry[]) => void entries.splice(2, 1), /the hash of the entry 3/],
  ['the last entry was taken out', good, (entries: EventEntry[]) => void entries.pop(), /longer or shorter/],
  ['something came after the end', [...good, assigned('n1', 1)], undefined, /after its end came subtask_assigned/],
  ['it ended twice', [...good, completed], undefined, /it ended 2 times/],
  ['it ended as something else', good.slice(0, -1), undefined, /its log ends with subtask_completed/],
  ['what had settled went on', [started, assigned('n0'), done('n0'), assigned('n0', 1), ...good.slice(3)], undefined, /after subtask_completed of n0/],
  ['a generation was dispatched twice', [started, assigned('n0'), assigned('n0'), ...good.slice(2)], undefined, /as generation 0 after 0/],
  ['an old answer counted', [started, assigned('n0'), assigned('n0', 1), ...good.slice(2)], undefined, /completed as generation 0, and 1/],
  ['something began before its needs', [started, assigned('n1'), assigned('n0'), done('n0'), done('n1'), completed], undefined, /n1 began before/],
  ['something began in a pause', [started, paused, ...good.slice(1)], undefined, /n0 began while it was paused/],
])('is told that %s', (_, log, change, finding) => {
  expect(problems(log, change).join('\n')).toMatch(finding);
});
