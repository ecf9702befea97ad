import type { RecordedEvent, WorkflowHeader } from '@baton/core';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { createLogger, logEvents } from './index.ts';
import { logRefusals } from './refusal-log.ts';

afterEach(() => vi.unstubAllEnvs());

function capture(format: 'auto' | 'json' | 'pretty', isTTY = false) {
  const lines: string[] = [];
  const log = createLogger({ service: 'api', level: 'info', format, destination: { isTTY, write: (line: string) => lines.push(line) > 0 } });
  return { log, lines, json: () => lines.map((line) => JSON.parse(line)) };
}

test('a line is JSON with time, level, service and event', () => {
  const { log, json } = capture('auto');
  log.info({ event: 'api_ready', url: 'http://127.0.0.1:7400' });
  expect(json()).toEqual([{ time: expect.stringMatching(/^\d{4}-.*Z$/), level: 'info', service: 'api', event: 'api_ready', url: 'http://127.0.0.1:7400' }]);
});

test('on a terminal a line is for people, and it is one', () => {
  vi.stubEnv('NO_COLOR', '1');
  const { log, lines } = capture('auto', true);
  log.info({ event: 'api_ready', url: 'http://127.0.0.1:7400', nested: { a: 1 } });
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatch(/^\[[\d:.]+\] INFO: api +api_ready +url=http:\/\/127\.0\.0\.1:7400 nested=\{"a":1\}\n$/);
});

test('a line has a bound, stays JSON, and says how much there was', () => {
  const { log, json } = capture('json');
  const many = Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`m${index}`, 'x'.repeat(10_000)]));
  log.warn({ event: 'reply_rejected', err: new Error('y'.repeat(1_000_000)), ...many });
  const [line] = json();
  expect(line).toMatchObject({ level: 'warn', event: 'reply_rejected', cut_from_characters: expect.any(Number) });
  expect(line.cut_from_characters).toBeGreaterThan(2_000_000);
  expect(JSON.stringify(line).length).toBeLessThan(64_000);
});

test('of what agents and people sent, a line has the code of a failure and the beginning of its message', () => {
  const { log, lines, json } = capture('json');
  const observe = logEvents(log);
  const header = { id: 'w', type: 't', version: 1 } as WorkflowHeader;
  const error = { code: 'BAD', message: 'm'.repeat(100_000), details: { card: '4111' } };
  const subtask = { at: 0, subtaskId: 'a', generation: 0, capability: 'c' };
  observe(header, { type: 'subtask_failed', ...subtask, agent: null, attempt: null, durationMs: 1, error });
  observe(header, { type: 'subtask_setback', ...subtask, next: 'repair', error });
  observe(header, { type: 'workflow_failed', at: 0, durationMs: 1, error });
  const paths = Array.from({ length: 1_000 }, (_, index) => `p${index}`);
  observe(header, { type: 'context_updated', at: 0, subtaskId: 'a', paths, refused: paths });
  expect(lines.join('')).not.toContain('4111');
  for (const line of json()) expect(JSON.stringify(line).length).toBeLessThan(4_000);
  expect(json()[0].error).toEqual({ code: 'BAD', message: `${'m'.repeat(2_000)}…` });
  expect(json()[3].paths).toHaveLength(51);
});

describe('redaction', () => {
  const cases: [name: string, logged: object, message?: string][] = [
    ['a password', { password: 'hunter2' }],
    ['deep below', { a: { b: [{ c: { token: 'hunter2' } }] } }],
    ['with a quote in it', { access_token: 'a"hunter2' }],
    ['a header', { headers: { Authorization: 'Bearer hunter2', cookie: 'hunter2' } }],
    ['an API key', { apiKey: 'hunter2', 'x-api-key': 'hunter2', BATON_API_KEY: 'hunter2' }],
    ['a URL', { url: 'redis://default:hunter2@127.0.0.1:6379/0' }],
    ['a URL of Sentinels', { url: 'redis+sentinel://u:hunter2@h:1,i:2/m?sentinel_password=hunter2&db=1' }],
    ['a URL without a user', { url: 'rediss://:hunter2@127.0.0.1' }],
    ['a message', {}, 'cannot reach redis://u:hunter2@h:1'],
    ['an error with its stack', { err: new Error('cannot reach redis://u:hunter2@h:1', { cause: new Error('redis://u:hunter2@h:1') }) }],
  ];
  test.each(cases)('%s', (_name, logged, message) => {
    for (const format of ['json', 'pretty'] as const) {
      const { log, lines } = capture(format);
      log.warn({ event: 'x', ...logged }, message);
      expect(lines.join('')).not.toContain('hunter2');
      expect(lines.join('')).toContain('[redacted]');
    }
  });

  test('leaves alone what is not a secret', () => {
    const { log, json } = capture('json');
    log.info({ event: 'x', tokens: 12, usage: { tokens: '9' }, url: 'http://h:1/a@b', at: '12:30:11 a@b' });
    expect(json()[0]).toMatchObject({ tokens: 12, usage: { tokens: '9' }, url: 'http://h:1/a@b', at: '12:30:11 a@b' });
  });
});

describe("the guide's log lines", () => {
  const header = { id: 'wf_123', type: 'sales_dashboard', version: 1 } as WorkflowHeader;
  const at = Date.UTC(2026, 0, 2);
  const error = { code: 'FILE_MISSING', message: 'There is no file.' };
  const subtask = { at, subtaskId: 'fetch', generation: 1, capability: 'data.fetch' };
  const settled = { ...subtask, agent: 'data-agent-01', attempt: 2, durationMs: 234 };
  const cases: [event: RecordedEvent, line: object][] = [
    [
      { type: 'workflow_started', at, caller: 'me' },
      { level: 'info', type: 'sales_dashboard_v1', caller: 'me' },
    ],
    [
      { type: 'subtask_assigned', ...subtask },
      { level: 'info', subtask_id: 'fetch', capability: 'data.fetch' },
    ],
    [
      { type: 'subtask_completed', ...settled },
      { level: 'info', subtask_id: 'fetch', capability: 'data.fetch', worker: 'data-agent-01', attempt: 2, duration_ms: 234 },
    ],
    [
      { type: 'subtask_failed', ...settled, error },
      { level: 'warn', subtask_id: 'fetch', worker: 'data-agent-01', duration_ms: 234, error },
    ],
    [
      { type: 'subtask_cancelled', at, subtaskId: 'fetch' },
      { level: 'info', subtask_id: 'fetch' },
    ],
    [
      { type: 'subtask_assigned', ...subtask, cause: 'fallback' },
      { level: 'info', subtask_id: 'fetch', cause: 'fallback' },
    ],
    [
      { type: 'subtask_failed', ...settled, error, tolerated: true },
      { level: 'warn', subtask_id: 'fetch', error, optional: true },
    ],
    [
      { type: 'subtask_setback', ...subtask, next: 'repair', error },
      { level: 'warn', subtask_id: 'fetch', capability: 'data.fetch', next: 'repair', error },
    ],
    [
      { type: 'subtask_setback', ...subtask, next: 'held' },
      { level: 'info', subtask_id: 'fetch', next: 'held' },
    ],
    [
      { type: 'subtask_skipped', at, subtaskId: 'fetch', reason: 'not so: params.x' },
      { level: 'info', subtask_id: 'fetch', reason: 'not so: params.x' },
    ],
    [
      { type: 'subtask_waiting', at, subtaskId: 'ok', for: 'approval', until: at + 1_000 },
      { level: 'info', subtask_id: 'ok', for: 'approval', until: '2026-01-02T00:00:01.000Z' },
    ],
    [
      { type: 'approval_answered', at, subtaskId: 'ok', by: 'ana', decision: 'reject' },
      { level: 'info', subtask_id: 'ok', by: 'ana', decision: 'reject' },
    ],
    [
      { type: 'signal_received', at, signal: 'go', by: 'ana' },
      { level: 'info', signal: 'go', by: 'ana' },
    ],
    [
      { type: 'context_updated', at, subtaskId: 'fetch', paths: ['a.b'], refused: ['c'] },
      { level: 'info', subtask_id: 'fetch', paths: ['a.b'], refused: ['c'] },
    ],
    [
      { type: 'workflow_paused', at, by: 'ana' },
      { level: 'info', type: 'sales_dashboard_v1', by: 'ana' },
    ],
    [
      { type: 'workflow_resumed', at, by: 'ana' },
      { level: 'info', by: 'ana' },
    ],
    [
      { type: 'workflow_retried', at, by: 'ana', from: ['fetch'] },
      { level: 'info', by: 'ana', from: ['fetch'] },
    ],
    [
      { type: 'workflow_cancelled', at, durationMs: 1_000, by: 'ana', graceMs: 10_000 },
      { level: 'info', type: 'sales_dashboard_v1', status: 'cancelled', duration_sec: 1, by: 'ana', grace_ms: 10_000 },
    ],
    [
      { type: 'workflow_completed', at, durationMs: 12_300, partialFailures: 1 },
      { level: 'info', status: 'success', partial_failures: 1 },
    ],
    [
      { type: 'workflow_completed', at, durationMs: 12_300 },
      { level: 'info', type: 'sales_dashboard_v1', status: 'success', duration_sec: 12.3 },
    ],
    [
      { type: 'workflow_failed', at, durationMs: 12_300, error },
      { level: 'warn', status: 'failure', duration_sec: 12.3, error },
    ],
    [
      { type: 'workflow_timed_out', at, durationMs: 12_300, error },
      { level: 'warn', status: 'failure', duration_sec: 12.3, error },
    ],
  ];
  test.each(cases)('$type', (event, line) => {
    const { log, json } = capture('json');
    logEvents(log)(header, event);
    expect(json()).toEqual([expect.objectContaining({ event: event.type, workflow_id: 'wf_123', timestamp: '2026-01-02T00:00:00.000Z', ...line })]);
  });
});

test('under an overload one line in ten seconds says that starts find no place, for each limit', () => {
  const { log, json } = capture('json');
  let now = 0;
  const refused = logRefusals(log, () => now);
  for (let index = 0; index < 5; index += 1) refused('sales', { limit: 'type', of: 'sales', message: 'Full.' });
  refused('sales', { limit: 'memory', of: '', message: 'No memory.' });
  now = 10_000;
  refused('audit', { limit: 'type', of: 'audit', message: 'Full.' });
  expect(json()).toMatchObject([
    { event: 'starts_not_admitted', level: 'warn', limit: 'type', of: 'sales', workflow_type: 'sales', message: 'Full.', more_since_last: 0 },
    { event: 'starts_not_admitted', limit: 'memory', more_since_last: 0 },
    { event: 'starts_not_admitted', limit: 'type', of: 'audit', more_since_last: 4 },
  ]);
});
