import type { RecordedEvent, WorkflowHeader } from '@baton/core';
import { afterEach, expect, test } from 'vitest';
import { createMetrics, type HealthProblem, type MetricsServer, MetricsServerError, serveMetrics } from './index.ts';

const header = { id: 'wf_1', type: 'sales', version: 1 } as WorkflowHeader;
const error = { code: 'X', message: 'x' };
const subtask = { at: 0, subtaskId: 'a', generation: 1, capability: 'data.fetch', agent: 'a', attempt: 1, durationMs: 40 };
const events: RecordedEvent[] = [
  { type: 'workflow_started', at: 0, caller: 'me' },
  { type: 'subtask_assigned', at: 0, subtaskId: 'a', generation: 1, capability: 'data.fetch' },
  { type: 'subtask_completed', ...subtask },
  { type: 'subtask_failed', ...subtask, error },
  { type: 'subtask_cancelled', at: 0, subtaskId: 'b' },
  { type: 'subtask_setback', at: 0, subtaskId: 'c', generation: 0, capability: 'data.fetch', next: 'repair', error },
  { type: 'subtask_setback', at: 0, subtaskId: 'c', generation: 1, capability: 'data.fetch', next: 'overloaded' },
  { type: 'subtask_setback', at: 0, subtaskId: 'c', generation: 2, capability: 'data.fetch', next: 'held' },
  { type: 'workflow_completed', at: 0, durationMs: 2_000 },
  { type: 'workflow_completed', at: 0, durationMs: 500, partialFailures: 2 },
  { type: 'workflow_cancelled', at: 0, durationMs: 500, by: 'ana', graceMs: 0 },
  { type: 'workflow_failed', at: 0, durationMs: 1_000, error },
  { type: 'workflow_timed_out', at: 0, durationMs: 3_000, error },
];

test("the guide's eight metrics, under exactly its names, types and labels", async () => {
  const metrics = createMetrics({ activeCounts: async () => new Map([['sales', 3]]) });
  for (const event of events) metrics.observe(header, event);
  metrics.subtaskRetried('data.fetch', 'ECONNRESET');
  const lines = (await metrics.text()).split('\n');
  const ours = lines.filter((line) => /^(# TYPE )?(workflow_|subtask_|active_)/.test(line) && !line.includes('_bucket{'));
  expect(ours).toEqual([
    '# TYPE workflow_starts_total counter',
    'workflow_starts_total{workflow_type="sales"} 1',
    '# TYPE workflow_completions_total counter',
    'workflow_completions_total{workflow_type="sales",status="success"} 2',
    'workflow_completions_total{workflow_type="sales",status="failure"} 2',
    'workflow_completions_total{workflow_type="sales",status="cancelled"} 1',
    '# TYPE workflow_duration_seconds histogram',
    'workflow_duration_seconds_sum{workflow_type="sales"} 7',
    'workflow_duration_seconds_count{workflow_type="sales"} 5',
    '# TYPE subtask_duration_seconds histogram',
    'subtask_duration_seconds_sum{capability="data.fetch"} 0.08',
    'subtask_duration_seconds_count{capability="data.fetch"} 2',
    '# TYPE subtask_retries_total counter',
    'subtask_retries_total{capability="data.fetch",reason="X"} 1',
    'subtask_retries_total{capability="data.fetch",reason="overloaded"} 1',
    'subtask_retries_total{capability="data.fetch",reason="ECONNRESET"} 1',
    '# TYPE workflow_partial_failures_total counter',
    'workflow_partial_failures_total{workflow_type="sales"} 1',
    '# TYPE workflow_timeouts_total counter',
    'workflow_timeouts_total{workflow_type="sales"} 1',
    '# TYPE active_workflows gauge',
    'active_workflows{workflow_type="sales"} 3',
  ]);
  expect(lines.some((line) => line.startsWith('process_cpu_seconds_total'))).toBe(true);
});

test('what the engine did, under names of its own, from 0 on', async () => {
  const metrics = createMetrics();
  metrics.count('commits', 3);
  metrics.count('commits', 2);
  metrics.count('conflicts', 1);
  const ours = (await metrics.text()).split('\n').filter((line) => line.startsWith('baton_'));
  expect(ours).toEqual(['baton_commits_total 5', 'baton_commit_conflicts_total 1', 'baton_state_reloads_total 0']);
});

test('a type without active workflows goes to 0; without Redis the gauge is absent and the rest is served', async () => {
  let counts: Promise<Map<string, number>> = Promise.resolve(new Map([['sales', 3]]));
  const metrics = createMetrics({ activeCounts: () => counts });
  const active = async () => (await metrics.text()).split('\n').filter((line) => line.startsWith('active_workflows'));
  expect(await active()).toEqual(['active_workflows{workflow_type="sales"} 3']);
  counts = Promise.resolve(new Map());
  expect(await active()).toEqual(['active_workflows{workflow_type="sales"} 0']);
  counts = Promise.reject(new Error('Redis is away'));
  expect(await active()).toEqual([]);
});

test('dead letters as they are at each scrape; absent without Redis, and in a process that does not count them', async () => {
  let waiting: Promise<number> = Promise.resolve(2);
  const metrics = createMetrics({ deadLetters: () => waiting });
  const ours = async (from = metrics) => (await from.text()).split('\n').filter((line) => line.startsWith('baton_dead_letters'));
  expect(await ours()).toEqual(['baton_dead_letters 2']);
  waiting = Promise.resolve(0);
  expect(await ours()).toEqual(['baton_dead_letters 0']);
  waiting = Promise.reject(new Error('Redis is away'));
  expect(await ours()).toEqual([]);
  expect(await ours(createMetrics())).toEqual([]);
});

test('starts that found no place, and those that wait for one, by the limit', async () => {
  const metrics = createMetrics({
    startsWaiting: async () => [
      { limit: 'type', starts: 3 },
      { limit: 'memory', starts: 1 },
      { limit: 'type', starts: 2 },
    ],
  });
  const ours = async (from = metrics) => (await from.text()).split('\n').filter((line) => /^baton_(starts|admission)/.test(line));
  metrics.notAdmitted('sales', 'type');
  metrics.notAdmitted('sales', 'type');
  expect((await ours()).toSorted()).toEqual([
    'baton_admission_refused_total{type="sales",reason="type"} 2',
    'baton_starts_waiting{reason="capability"} 0',
    'baton_starts_waiting{reason="memory"} 1',
    'baton_starts_waiting{reason="type"} 5',
  ]);
  expect(await ours(createMetrics({ startsWaiting: () => Promise.reject(new Error('Redis is away')) }))).toEqual([]);
  expect(await ours(createMetrics())).toEqual([]);
});

const servers: MetricsServer[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

async function serve(health: () => Promise<readonly HealthProblem[]> = async () => [], port = 0): Promise<MetricsServer> {
  const logged: object[] = [];
  const log = { info: (line: object) => void logged.push(line) };
  const server = await serveMetrics({ host: '127.0.0.1', port, metrics: createMetrics(), health, log: log as never });
  expect(logged).toEqual([{ event: 'metrics_ready', url: `${server.url}/metrics` }]);
  servers.push(server);
  return server;
}

test('serves /metrics, /healthz, /readyz and nothing else', async () => {
  const { url } = await serve();
  const metrics = await fetch(`${url}/metrics?x=1`);
  expect(metrics.headers.get('content-type')).toContain('text/plain; version=0.0.4');
  expect(await metrics.text()).toContain('workflow_starts_total');
  expect(await (await fetch(`${url}/healthz`)).json()).toEqual({ status: 'ok' });
  expect(await (await fetch(`${url}/readyz`)).json()).toEqual({ status: 'ready', problems: [] });
  expect((await fetch(`${url}/`)).status).toBe(404);
});

test('is not ready with a problem, and not with a check that fails', async () => {
  const redisAway = { code: 'redis_unreachable', message: 'Redis does not answer.' };
  const answers: [() => Promise<readonly HealthProblem[]>, HealthProblem][] = [
    [async () => [redisAway], redisAway],
    [() => Promise.reject(new Error('boom')), { code: 'health_unknown', message: 'boom' }],
  ];
  for (const [health, problem] of answers) {
    const response = await fetch(`${(await serve(health)).url}/readyz`);
    expect(response.status).toBe(503);
    expect(await response.json()).toEqual({ status: 'not_ready', problems: [problem] });
  }
});

test('a port in use: the message names the variable to change', async () => {
  const { url } = await serve();
  const port = Number(new URL(url).port);
  const failure = await serve(undefined, port).catch((caught: unknown) => caught);
  expect(failure).toBeInstanceOf(MetricsServerError);
  expect(failure).toMatchObject({ exitCode: 2, message: `Port ${port} of 127.0.0.1 is in use: set BATON_METRICS_PORT to a free port, or to 0 for any.` });
});
