import type { SubtaskView } from '@baton/protocol';
import { describe, expect, test } from 'vitest';
import { noon, subtaskView, workflowView } from './fixture/views.ts';
import { jsonScreen, lineScreen, liveScreen } from './screen.ts';
import type { Terminal } from './terminal.ts';
import { endLine } from './workflow-text.ts';

const agent = 'data-agent-some.long.host.example-12345-abcdef';
const fetching = subtaskView('fetch', {
  status: 'running',
  assigned_to: agent,
  attempts: 1,
  duration_ms: 1_230,
  progress: { percent: 42, message: 'reading movies.json' },
});
const later = () => noon + 4_200;

function terminalOf(columns = 80, rows = 24): Terminal & { readonly written: string[] } {
  const written: string[] = [];
  return { written, out: (text) => void written.push(text), err: () => {}, columns, rows, isLive: true };
}

function frameOf(subtasks: readonly SubtaskView[], columns = 80, rows = 24): string[] {
  const terminal = terminalOf(columns, rows);
  liveScreen(terminal, later).show(workflowView(subtasks), null);
  return terminal.written.join('').split('\n');
}

describe('the table on a terminal', () => {
  test('shows symbol, agent, attempt, time, progress and message of each subtask', () => {
    const failed = { status: 'failed_permanent', error: { code: 'X', message: 'no' }, attempts: 3, duration_ms: 90_000 } as const;
    const retrying = {
      status: 'retrying',
      attempts: 1,
      retry_at: new Date(noon + 6_200).toISOString(),
      error: { code: 'Y', message: 'again' },
      duration_ms: 3_000,
    } as const;
    const subtasks = [
      fetching,
      subtaskView('clean', retrying),
      subtaskView('chart', { needs: ['fetch', 'clean'] }),
      subtaskView('send', { status: 'assigned', capability: 'mail.send', duration_ms: 100 }),
      subtaskView('sum', failed),
      subtaskView('done', { status: 'completed', assigned_to: 'a', attempts: 2, duration_ms: 3_700_000 }),
    ];
    expect(frameOf(subtasks, 100)).toEqual([
      'sales_dashboard@1  wf_1  running  4.2s',
      '',
      '     SUBTASK  AGENT                   TRY    TIME',
      '  ●  fetch    data-agent-some…abcdef  1      1.2s  ███░░░░░  42% reading movies.json',
      '  ↻  clean                            1      3.0s  again in 2.0s: again',
      '  ○  chart                                         after fetch, clean',
      '  ◌  send                                    0.1s  waits for an agent with mail.send',
      '  ✗  sum                              3    1m 30s  X: no',
      '  ✓  done     a                       2    1h 01m',
      '',
      '',
    ]);
  });

  test('folds maps, loops and plans into one line each; says what waits and what was left out', () => {
    const at = (ms: number) => new Date(noon + ms).toISOString();
    const subtasks = [
      subtaskView('rows', { kind: 'map', status: 'running', items: 100, parts: { completed: 10, failed_permanent: 2, assigned: 4, pending: 84 } }),
      subtaskView('refine', { kind: 'loop', status: 'running', round: 2, rounds: [{ score: 0.7 }], parts: { completed: 2, assigned: 1, pending: 1 } }),
      subtaskView('plan', { kind: 'plan', status: 'running', parts: { completed: 3, assigned: 2 } }),
      subtaskView('child', { kind: 'workflow', status: 'assigned', capability: null, child_workflow_id: 'wf_1.child' }),
      subtaskView('nap', { kind: 'sleep', status: 'waiting', waiting_for: { kind: 'sleep', until: at(64_200) } }),
      subtaskView('paid', { kind: 'signal', status: 'waiting', waiting_for: { kind: 'signal', signal: 'go', until: at(0) } }),
      subtaskView('never', { status: 'skipped', skipped_reason: 'not so: false' }),
      subtaskView('extra', { status: 'cancelled' }),
      subtaskView('maybe', { status: 'failed_permanent', tolerated: true, error: { code: 'X', message: 'no' } }),
      subtaskView('best', { kind: 'loop', status: 'completed', degraded: true, round: 3, rounds: [{ score: 0.5 }] }),
      subtaskView('vote', { kind: 'gather', status: 'completed', dissent: ['b'] }),
      subtaskView('again', { status: 'completed', tries: { fallback: 1, repairs: 2, overloads: 0 } }),
      subtaskView('busy', { status: 'retrying', retry_at: at(6_200), tries: { fallback: 0, repairs: 0, overloads: 1 } }),
    ];
    const notes = frameOf(subtasks, 100, 40)
      .slice(3, -2)
      .map((line) => line.trim().replace(/ {2,}/g, ' | '));
    expect(notes).toEqual([
      '● | rows | █░░░░░░░ 12/100, 2 failed',
      '● | refine | round 2, score 0.7',
      '● | plan | 3/5 steps',
      '◌ | child | wf_1.child',
      '◇ | nap | sleeps for 1m 00s',
      expect.stringMatching(/^◇ \| paid \| for the signal go until \d\d:00:00$/),
      '↷ | never | skipped: not so: false',
      '⊘ | extra | cancelled',
      '✗ | maybe | optional, X: no',
      '✓ | best | degraded, round 3, score 0.5',
      '✓ | vote | without b',
      '✓ | again | by data.fetch, a fallback, mended 2 times',
      '↻ | busy | again in 2.0s: its agents are overloaded',
    ]);
  });

  test('shows parts below what they are parts of', () => {
    const frame = frameOf([subtaskView('each', { kind: 'map' }), subtaskView('each[0]', { part_of: 'each' }), subtaskView('p/each[0]', { part_of: 'p/each' })]);
    expect(frame.slice(3, 6).map((line) => line.trimEnd())).toEqual(['  ○  each', '  ○    each[0]', '  ○      p/each[0]']);
  });

  test('says who paused it, and when', () => {
    const terminal = terminalOf();
    const paused = { at: new Date(noon + 1_200).toISOString(), by: 'ana' };
    liveScreen(terminal, later).show(workflowView([fetching], { status: 'paused', paused }), null);
    expect(terminal.written[0]).toContain('wf_1  paused  4.2s  by ana, 3.0s ago');
  });

  test.each([80, 60, 40])('fits %i columns', (columns) => {
    const subtasks = [
      fetching,
      subtaskView('a_rather_long_name_for_a_subtask', { status: 'failed_permanent', error: { code: 'X', message: 'words '.repeat(40) } }),
    ];
    for (const line of frameOf(subtasks, columns).slice(1)) expect(line.length).toBeLessThanOrEqual(columns);
  });

  test('fits the screen: what is not going well is shown, the rest is counted', () => {
    const many = Array.from({ length: 1_000 }, (_, index) => subtaskView(`s${index}`, index < 500 ? { status: 'completed' } : {}));
    const frame = frameOf([...many, { ...fetching, subtask_id: 'busy' }, subtaskView('broken', { status: 'failed_permanent' })], 80, 12);
    expect(frame.length).toBeLessThanOrEqual(12);
    expect(frame.join('\n')).toMatch(/busy[^]*broken[^]*… and 997 more: 497 completed, 500 pending/);
  });

  test('draws over what it drew, and only when something changed', () => {
    const terminal = terminalOf();
    const screen = liveScreen(terminal, later);
    screen.show(workflowView([fetching]), null);
    screen.show(workflowView([fetching]), null);
    expect(terminal.written).toHaveLength(1);
    screen.show(workflowView([subtaskView('fetch', { status: 'completed' })]), 'Nobody answers.');
    expect(terminal.written[1]).toMatch(/^\u001b\[5A\u001b\[0J[^]*✓ {2}fetch[^]*Nobody answers\.\n$/);
  });

  test("an agent's words cannot move the cursor", () => {
    const evil = { ...fetching, progress: { percent: 1, message: '\u001b[2J\u001b[31mgone\r\nnext\u0007' } };
    const text = frameOf([evil], 120).join('\n');
    expect(text).toContain('gone next');
    expect(text).not.toMatch(/[\u001b\r\u0007]/);
  });
});

test('lines: one for each change, none for time and percentages', () => {
  const terminal = terminalOf();
  const screen = lineScreen(terminal, later);
  const show = (...subtasks: SubtaskView[]): void => screen.show(workflowView([...subtasks, subtaskView('report')]), null);
  show(fetching);
  show({ ...fetching, duration_ms: 2_000, progress: { percent: 50, message: 'reading movies.json' } });
  screen.show(workflowView([fetching]), 'Nobody answers.');
  screen.show(workflowView([fetching]), 'Nobody answers.');
  show({ ...fetching, attempts: 2 });
  show({ ...fetching, status: 'completed', attempts: 2, duration_ms: 3_000 });
  const clock = /^\d\d:\d\d:\d\d {2}/;
  expect(terminal.written.every((line) => clock.test(line))).toBe(true);
  expect(terminal.written.map((line) => line.replace(clock, '').trimEnd())).toEqual([
    'wf_1  running',
    `fetch   running           ${agent}  reading movies.json`,
    'Nobody answers.',
    `fetch   running           ${agent}  attempt 2  reading movies.json`,
    `fetch   completed         ${agent}  attempt 2  3.0s`,
  ]);
});

test('JSON: one object a line for each change', () => {
  const terminal = terminalOf();
  const screen = jsonScreen(terminal);
  screen.show(workflowView([fetching]), null);
  screen.show(workflowView([fetching]), 'Nobody answers.');
  screen.show(workflowView([{ ...fetching, status: 'completed' }], { status: 'completed', ended_at: new Date(noon).toISOString() }), null);
  expect(terminal.written.map((line) => JSON.parse(line) as object)).toEqual([
    { event: 'workflow', workflow: expect.objectContaining({ workflow_id: 'wf_1', status: 'running' }) },
    { event: 'subtask', subtask: fetching },
    { event: 'trouble', message: 'Nobody answers.' },
    { event: 'subtask', subtask: { ...fetching, status: 'completed' } },
  ]);
});

test('the end in one line', () => {
  expect(endLine({ status: 'completed', error: null }, 12_300)).toBe('✓ completed in 12.3s');
  expect(endLine({ status: 'failed', error: { code: 'FILE_MISSING', message: 'There is no file.' } }, 900)).toBe(
    '✗ failed after 0.9s: There is no file. (FILE_MISSING)',
  );
  expect(endLine({ status: 'timed_out', error: null }, null)).toBe('✗ timed_out');
  expect(endLine({ status: 'cancelled', error: { code: 'CANCELLED', message: 'Cancelled by ana.' } }, 900)).toBe(
    '⊘ cancelled after 0.9s: Cancelled by ana. (CANCELLED)',
  );
  expect(endLine({ status: 'completed', error: null, partial_failures: 1, degraded: true }, 900)).toBe('✓ completed in 0.9s, degraded, 1 partial failure');
});
