/**
 * What is left in Redis when workflows of all kinds have ended in all ways and their retention is over: each key that there is stands in the table below,
 * with its bound. A key of a new kind fails here until it has one.
 */
import { fileURLToPath } from 'node:url';
import type { Json } from '@baton/core';
import { createSweeper } from '@baton/doctor';
import { createEngine, type Engine } from '@baton/engine';
import { connectRedis, createStartQueue, createSubtaskQueue, type Redis, serverOf } from '@baton/queue';
import { createStore } from '@baton/store';
import { createLogger, logEvents } from '@baton/telemetry';
import { type RedisFixture, randomPrefix, startProcess, startRedis } from '@baton/testkit';
import { answer, defineAgent, NonRetryableError, runAgent } from '@baton/worker';
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { z } from 'zod';

const main = fileURLToPath(new URL('./main.ts', import.meta.url));
const logger = createLogger({ service: 'left-over', level: 'silent', format: 'json' });
const prefix = randomPrefix();
const [second, day] = [1_000, 86_400_000];
let fixture: RedisFixture;
let redis: Redis;
beforeAll(async () => {
  fixture = await startRedis();
  redis = await connectRedis(fixture.url, { name: 'left-over' });
});
afterAll(async () => {
  redis?.disconnect();
  await fixture?.stop();
});

type Bound = { readonly expiresWithinMs: number } | { readonly membersMax: number };
const queue = /(?:cap\.[\w.]+|workflows|webhooks)/.source;
const timeoutMs = 5 * second;

/** The first that fits. */
const bounds: readonly (readonly [name: RegExp, Bound])[] = [
  // Of ended workflows.
  [/^ctl:/, { expiresWithinMs: timeoutMs + 3_600_000 }],
  [/^conv:/, { expiresWithinMs: 30 * day }],
  [/:once:/, { expiresWithinMs: 60 * second }],
  [/^blob:/, { membersMax: 0 }],
  [/^def:/, { expiresWithinMs: timeoutMs + second + 7 * day }],
  // BullMQ's: of each queue the last jobs, the last events, and what there is one of.
  [new RegExp(`^${queue}:(?:completed|failed)$`), { membersMax: 1_000 }],
  [new RegExp(`^${queue}:events$`), { membersMax: 400 }],
  [new RegExp(`^${queue}:(?:[^:]*~[^:]*|\\d+)$`), { membersMax: 40 }],
  [new RegExp(`^${queue}:[^:]*~[^:]*:(?:processed|failed)$`), { membersMax: 200 }],
  [new RegExp(`^${queue}:(?:meta|id|marker|stalled-check|stalled)$`), { membersMax: 20 }],
  // Tried for three minutes.
  [/^webhooks:delayed$/, { membersMax: 4 }],
  // What is not settled: nothing.
  [/^res\./, { membersMax: 0 }],
  [/^dead$/, { membersMax: 10_000 }],
  // Of the deployment.
  [/^types$/, { membersMax: 2_000 }],
  [/^type:/, { membersMax: 500 }],
  [/^(?:capabilities(?:\.idle)?|partners|agents|orchestrators)$/, { membersMax: 20 }],
  [/^(?:agents|trees)\./, { membersMax: 20 }],
  [/^(?:owner:\d+|agent:.*|sweep|janitor|probe)$/, { expiresWithinMs: 10 * 60 * second }],
  [/^(?:secret|shards)$/, { membersMax: 1 }],
];

const sizes: Readonly<Record<string, (key: string) => Promise<number>>> = {
  string: async () => 1,
  hash: (key) => redis.hlen(key),
  set: (key) => redis.scard(key),
  zset: (key) => redis.zcard(key),
  list: (key) => redis.llen(key),
  stream: (key) => redis.xlen(key),
};

/** What is wrong with it, or null. */
async function excess(key: string, registered: ReadonlySet<string>): Promise<string | null> {
  const name = key.slice(prefix.length + 1);
  if (registered.has(name)) return null;
  const [, bound] = bounds.find(([pattern]) => pattern.test(name)) ?? [];
  if (bound === undefined) return `${name} has no bound`;
  if ('expiresWithinMs' in bound) {
    const left = await redis.pttl(key);
    return left === -1 || left > bound.expiresWithinMs ? `${name} expires in ${left} ms` : null;
  }
  const size = (await sizes[await redis.type(key)]?.(key)) ?? Number.NaN;
  return size <= bound.membersMax ? null : `${name} has ${size} members`;
}

const anything = { input: z.record(z.string(), z.unknown()), output: z.unknown() };
const agent = defineAgent({
  name: 'left-over-agent',
  capabilities: {
    'test.ok': { ...anything, handler: async ({ n }, { once }) => await once('write', () => n ?? 0) },
    'test.writes': { ...anything, handler: (_input, { workflowId }) => answer(1, { contextUpdate: { [`at.${workflowId}`]: 1 } }) },
    'test.long': { ...anything, handler: () => 'l'.repeat(64 * 1024) },
    'test.fail': {
      ...anything,
      handler: () => {
        throw new NonRetryableError('It never works.');
      },
    },
    'test.slow': {
      ...anything,
      handler: async (_input, { signal }) => await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
    },
  },
});

const ok = (id: string, ...needs: readonly string[]): object => ({
  id,
  capability: 'test.ok',
  params: { n: needs.length === 0 ? 1 : `$steps.${needs[0]}` },
  needs,
});
const kept = { timeout_ms: timeoutMs, retention_ms: second };
const kinds: Readonly<Record<string, object>> = {
  chain: { nodes: [ok('a'), ok('b', 'a'), ok('c', 'b')] },
  long: { nodes: [{ id: 'a', capability: 'test.long', params: {} }, ok('b', 'a')] },
  shared: { nodes: [{ id: 'a', capability: 'test.writes', params: {}, writes: ['at'] }], conversation: 'shared' },
  map: { nodes: [{ id: 'a', kind: 'map', over: '$params.items', each: { capability: 'test.ok', params: { n: '$item' } } }] },
  parent: { nodes: [{ id: 'a', kind: 'workflow', type: 'left_child', params: {} }] },
  waits: {
    nodes: [
      { id: 'a', kind: 'sleep', for_ms: 5 },
      { id: 'b', kind: 'signal', signal: 'go', timeout_ms: 50, on_expiry: 'complete', needs: ['a'] },
    ],
  },
  approval: { nodes: [{ id: 'a', kind: 'approval', params: {}, timeout_ms: 50, on_expiry: 'approve', webhook: 'http://127.0.0.1:9/never' }] },
  first: { nodes: [ok('a'), { id: 'b', capability: 'test.slow', params: {} }, { id: 'c', kind: 'gather', needs: ['a', 'b'], join: { kind: 'any' } }] },
  fails: { nodes: [{ id: 'a', capability: 'test.fail', params: {} }, ok('b', 'a')] },
  // Nobody serves it: its job stays in the queue.
  nobody: { nodes: [{ id: 'a', capability: 'test.nobody', params: {} }], timeout_ms: 500 },
  cancelled: { nodes: [{ id: 'a', capability: 'test.slow', params: {} }] },
};
const runsOfEach = 4;
const ending = /"event":"workflow_(completed|failed|timed_out|cancelled)","workflow_id":"([^"]+)"/g;

async function startAll(engine: Engine): Promise<readonly string[]> {
  const starts = createStartQueue(redis, prefix);
  onTestFinished(() => starts.close());
  const ids: string[] = [];
  for (const [name, rest] of Object.entries(kinds)) {
    for (let run = 0; run < runsOfEach; run += 1) {
      const workflowId = `${name}-${run}`;
      const definition = { name: `left_${name}`, version: 1, ...kept, ...rest } as unknown as Json;
      const params = { items: [1, 2, 3] };
      ids.push(workflowId);
      if (run === 0) await starts.enqueue({ workflow_id: workflowId, definition: definition as never, params, conversation_id: 'c' });
      else expect(await engine.start({ workflowId, definition, params, conversationId: 'c', caller: 'test' })).toMatchObject({ status: 'created' });
    }
  }
  return ids;
}

test('every key that is left has its bound, and none is of a workflow', { timeout: 60_000 }, async () => {
  const store = createStore({ redis, prefix });
  const subtasks = createSubtaskQueue({ redis, prefix });
  onTestFinished(() => subtasks.close());
  const lines: string[] = [];
  const own = createLogger({ service: 'test', level: 'info', format: 'json', destination: { write: (line) => void lines.push(line) } });
  const engine = createEngine({
    store,
    queue: subtasks,
    now: Date.now,
    observe: logEvents(own),
    warn: (event, error) => expect.fail(`${event}: ${String(error)}`),
  });
  expect(await engine.register({ name: 'left_child', version: 1, ...kept, nodes: [ok('a')] })).toMatchObject({ status: 'registered' });
  const orchestrator = startProcess(main, {
    BATON_REDIS_URL: fixture.url,
    BATON_PREFIX: prefix,
    BATON_METRICS_PORT: '0',
    BATON_TREES: 'on',
    BATON_LOG_FORMAT: 'json',
  });
  onTestFinished(async () => void (await orchestrator.end('SIGKILL')));
  const running = await runAgent(agent, { redis, prefix, logger, concurrency: 20 });
  await orchestrator.saw('orchestrator_ready');
  await redis.xadd(`${prefix}:res.test.ok.3`, '*', 'reply', 'garbage');

  const ids = await startAll(engine);
  for (const id of ids.filter((each) => each.startsWith('cancelled'))) {
    await vi.waitFor(async () => expect(await engine.control(id, { action: 'terminate' }, 'test')).toMatchObject({ status: 'answered' }), 10_000);
  }
  // From the logs: each is kept for a second only.
  const endings = (): ReadonlyMap<string, string> =>
    new Map([...`${lines.join('')}${orchestrator.output()}`.matchAll(ending)].map(([, status = '', id = '']) => [id, status] as const));
  await vi.waitFor(() => expect(ids.filter((id) => !endings().has(id))).toEqual([]), { timeout: 30_000, interval: 50 });
  expect(new Set(endings().values())).toEqual(new Set(['completed', 'failed', 'cancelled', 'timed_out']));
  const ofWorkflows = async (): Promise<readonly string[]> =>
    (await serverOf(redis, prefix).keys(`${prefix}:*`)).filter((key) => /:(?:wf:|idx:|deadlines\.|outbox\.|blob:)/.test(key));
  await vi.waitFor(async () => expect(await ofWorkflows()).toEqual([]), { timeout: 20_000, interval: 100 });

  await running.close();
  await redis.unlink(`${prefix}:sweep`);
  expect(await createSweeper({ redis, prefix, store, now: Date.now }).sweep()).toMatchObject({
    orphanedJobs: runsOfEach,
    counters: Object.keys(kinds).length + 1,
  });
  const keys = await serverOf(redis, prefix).keys(`${prefix}:*`);
  const registered = new Set((await redis.hvals(`${prefix}:type:left_child`)).map((hash) => `def:${hash}`));
  const found = await Promise.all(keys.map((key) => excess(key, registered)));
  expect(found.filter((problem) => problem !== null)).toEqual([]);
});
