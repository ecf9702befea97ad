import { expect, test } from 'vitest';
import { judgeEffects } from './effects.ts';
import type { JournalEntry } from './journal.ts';

const lockMs = 1_000;
const id = 'w1~n0~0';

/** A run of a handler with one effect, by the process, asked at `at`; kept so much later, or never. */
function run(pid: number, at: number, keptAfterMs: number | null, dispatch = id): readonly JournalEntry[] {
  const entry = (what: JournalEntry['what'], when: number): JournalEntry => ({ what, id: dispatch, pid, at: when, ...(what !== 'run' && { key: 'first' }) });
  const entries = [entry('run', at), entry('asked', at), entry('effect', at + 1)];
  return keptAfterMs === null ? entries : [...entries, entry('kept', at + keptAfterMs)];
}

const judge = (journal: readonly JournalEntry[], completed = [id]) => judgeEffects({ journal, completed, keys: ['first'], lockMs });

test('an effect that happened once is in order, also if the handler ran again and got what was kept', () => {
  const again = run(2, 50, 3).filter(({ what }) => what !== 'effect');
  expect(judge([...run(1, 0, 2), ...again])).toEqual({ counts: { effects: 1, repeated: 0, runs: 2, rerun: 1 }, findings: [] });
});

test('one that was had again because its process died, or was away for longer than its lock, is counted and excused', () => {
  expect(judge([...run(1, 0, null), ...run(2, 50, 2)])).toMatchObject({ counts: { effects: 1, repeated: 1 }, findings: [] });
  expect(judge([...run(1, 0, 5_000), ...run(2, 2_000, 2)])).toMatchObject({ counts: { effects: 1, repeated: 1 }, findings: [] });
});

test.each([
  ['was had twice without an excuse', [...run(1, 0, 2), ...run(2, 50, 2)], [id], /had 2 times/],
  ['was had under two dispatches', [...run(1, 0, 2), ...run(2, 50, 2, 'w1~n0~1')], [id], /several dispatches: w1~n0~0 first, w1~n0~1 first/],
  ['did not happen', [], [id], /completed without its effect "first"/],
])('one that %s is a finding', (_, journal, completed, finding) => {
  expect(judge(journal, completed).findings.join('\n')).toMatch(finding);
});
