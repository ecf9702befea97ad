/** What an orchestrator says at its start of a deployment that is not well, and what becomes of what nobody can read. */
import { fileURLToPath } from 'node:url';
import { partitionOf } from '@baton/core';
import { createDoctor } from '@baton/doctor';
import { createEngine } from '@baton/engine';
import { connectRedis, createDeadLetters, createSubtaskQueue, openQueue, type Redis } from '@baton/queue';
import { createStore } from '@baton/store';
import { type RedisFixture, randomPrefix, startProcess, startRedis, type TestProcess } from '@baton/testkit';
import { defineAgent, runAgent } from '@baton/worker';
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { z } from 'zod';

const main = fileURLToPath(new URL('./main.ts', import.meta.url));
const definition = { name: 'work', version: 1, nodes: [{ id: 'only', capability: 'test.work', params: {} }] };

let fixture: RedisFixture;
let redis: Redis;
let prefix: string;
beforeAll(async () => {
  // One server: its settings are changed.
  fixture = await startRedis({ isSingle: true });
  redis = await connectRedis(fixture.url, { name: 'checkup-test' });
});
afterAll(async () => {
  redis?.disconnect();
  await fixture?.stop();
});
beforeEach(() => {
  prefix = randomPrefix();
});

function startOrchestrator(env: Readonly<Record<string, string>> = {}): TestProcess {
  const orchestrator = startProcess(main, { BATON_REDIS_URL: fixture.url, BATON_PREFIX: prefix, BATON_METRICS_PORT: '0', ...env });
  onTestFinished(async () => void (await orchestrator.end('SIGKILL')));
  return orchestrator;
}

test('findings stand in the log, and dead letters in the metrics', async () => {
  await redis.xadd(`${prefix}:dead`, '*', 'stream', `${prefix}:res.test.work.0`, 'reason', '[]', 'raw', 'x');
  const orchestrator = startOrchestrator();
  expect(await orchestrator.saw('doctor_finding')).toMatchObject({ level: 'warn', code: 'dead_letters', mend: expect.stringContaining('baton dead list') });
  expect(await orchestrator.saw('doctor_done')).toMatchObject({ warnings: 1, problems: 0 });
  const { url } = await orchestrator.saw('metrics_ready');
  expect(await (await fetch(String(url))).text()).toContain('\nbaton_dead_letters 1\n');
  expect(await orchestrator.end('SIGTERM')).toBe(0);
});

test('a Redis that may evict: refused with code 2, or accepted with a warning and a finding', async () => {
  await redis.config('SET', 'maxmemory-policy', 'allkeys-lru');
  onTestFinished(async () => void (await redis.config('SET', 'maxmemory-policy', 'noeviction')));
  const refused = startOrchestrator();
  expect(await refused.ended).toBe(2);
  expect(refused.output()).toContain('BATON_EVICTING_REDIS=accept');
  const accepted = startOrchestrator({ BATON_EVICTING_REDIS: 'accept' });
  expect(await accepted.saw('redis_may_evict')).toMatchObject({ level: 'warn', error: expect.stringContaining('allkeys-lru') });
  expect(await accepted.saw('doctor_finding')).toMatchObject({ level: 'error', code: 'eviction', severity: 'problem' });
  expect(await accepted.end('SIGTERM')).toBe(0);
});

test('a reply that cannot be read blocks nothing: it is put aside, and can be sent back', async () => {
  const stream = `${prefix}:res.workflow.${partitionOf('wf')}`;
  const orchestrator = startOrchestrator();
  await orchestrator.saw('orchestrator_ready');
  await redis.xadd(stream, '*', 'reply', 'no reply');
  const letters = createDeadLetters({ redis, prefix });
  await vi.waitFor(async () => expect(await letters.count()).toBe(1), { timeout: 10_000, interval: 20 });
  expect(await orchestrator.saw('reply_rejected')).toMatchObject({ level: 'warn' });
  const [first] = (await letters.list({ limit: 1 })).letters;
  // Read once more, and as little understood as before.
  expect(await letters.replay(first?.id ?? '')).toBe(true);
  await vi.waitFor(async () => expect(await letters.count()).toBe(1), { timeout: 10_000, interval: 20 });
  const [second] = (await letters.list({ limit: 1 })).letters;
  expect(second).toMatchObject({ raw: 'no reply', stream: stream.slice(prefix.length + 1) });
  expect(second?.id).not.toBe(first?.id);
  expect(await redis.xlen(stream)).toBe(0);
});

test('an assignment that no agent can read: told by the agent, found by the doctor, and settled when the engine asks', async () => {
  const [store, queue] = [createStore({ redis, prefix }), createSubtaskQueue({ redis, prefix })];
  onTestFinished(() => queue.close());
  let now = Date.now();
  const warn = (event: string, error: unknown): void => expect.fail(`${event}: ${String(error)}`);
  const engine = createEngine({ store, queue, now: () => now, observe: () => {}, warn });
  await engine.start({ workflowId: 'wf', definition, params: {}, caller: 'test' });
  const jobs = openQueue(redis, prefix, 'cap.test.work');
  onTestFinished(() => jobs.close());
  await redis.hset(jobs.toKey('wf~only~0'), 'data', '{"poisoned":true}');

  const logged: object[] = [];
  const logger = { debug() {}, info() {}, warn() {}, error: (line: object) => void logged.push(line), child: () => logger };
  const work = { input: z.object({}), output: z.null(), handler: () => expect.unreachable('It cannot be read.') };
  const agent = await runAgent(defineAgent({ name: 'agent', capabilities: { 'test.work': work } }), { redis, prefix, logger });
  onTestFinished(() => agent.close({ graceMs: 0 }));
  await vi.waitFor(async () => expect(await jobs.getFailedCount()).toBe(1), { timeout: 10_000, interval: 20 });
  await vi.waitFor(() => expect(logged).toMatchObject([{ event: 'queue_error', error: expect.stringMatching(/wf~only~0.*BAD_ASSIGNMENT/) }]));

  const findings = await createDoctor({ redis, prefixes: [prefix], stores: [store], now: () => now }).examine();
  expect(findings.find(({ code }) => code === 'failed_jobs')).toMatchObject({
    severity: 'warning',
    message: expect.stringMatching(/test\.work \(1\).*wf~only~0: BAD_ASSIGNMENT/),
  });

  expect((await store.summary('wf'))?.state.status).toBe('running');
  now += 61_000;
  await engine.tick([partitionOf('wf')]);
  expect((await store.load('wf'))?.subtasks.get('only')).toMatchObject({
    status: 'failed_permanent',
    error: { code: 'AGENT_LOST', message: expect.stringContaining('BAD_ASSIGNMENT') },
  });
  expect((await store.summary('wf'))?.state.status).toBe('failed');
});
