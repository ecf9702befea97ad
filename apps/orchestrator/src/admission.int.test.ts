/** Overload, on real processes: several APIs and orchestrators at one limit, and more starts than Redis has memory for. */
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { BatonApiError, createClient } from '@baton/client';
import { connectRedis, createStartQueue, openQueue, type Redis, readWaitingStarts, serverOf } from '@baton/queue';
import { createStore } from '@baton/store';
import { createLogger } from '@baton/telemetry';
import { randomPrefix, startProcess, startRedis } from '@baton/testkit';
import { defineAgent, runAgent } from '@baton/worker';
import { expect, onTestFinished, test, vi } from 'vitest';
import { z } from 'zod';

const orchestratorMain = fileURLToPath(new URL('./main.ts', import.meta.url));
const apiMain = fileURLToPath(new URL('../../api/src/main.ts', import.meta.url));
const logger = createLogger({ service: 'admission', level: 'silent', format: 'json' });

async function createWorld(args: readonly string[] = []) {
  // One server: its memory is filled, and what it carries out is watched.
  const fixture = await startRedis({ isSingle: true, args });
  onTestFinished(() => fixture.stop());
  const prefix = randomPrefix();
  const redis = await connectRedis(fixture.url, { name: 'admission-test' });
  onTestFinished(() => redis.disconnect());
  const starts = createStartQueue(redis, prefix);
  onTestFinished(() => starts.close());
  const queue = openQueue(redis, prefix, 'workflows');
  onTestFinished(() => queue.close());
  const run = (main: string, ready: string) => {
    const child = startProcess(main, {
      BATON_REDIS_URL: fixture.url,
      BATON_PREFIX: prefix,
      BATON_METRICS_PORT: '0',
      BATON_API_PORT: '0',
      BATON_LOG_FORMAT: 'json',
    });
    onTestFinished(async () => void (await child.end('SIGKILL')));
    return child.saw(ready).then(() => child);
  };
  const orchestrator = () => run(orchestratorMain, 'orchestrator_ready');
  const api = async () => {
    const child = await run(apiMain, 'api_ready');
    return createClient({ baseUrl: /"url":"([^"]+)"/.exec(child.output())?.[1] ?? '' });
  };
  return { fixture, prefix, redis, starts, queue, store: createStore({ redis, prefix }), orchestrator, api };
}

/** Works for a moment at each subtask. */
async function serve(redis: Redis, prefix: string, workMs: number, concurrency: number): Promise<void> {
  const handler = async () => {
    await delay(workMs);
    return 'done';
  };
  const capabilities = { 'test.work': { input: z.record(z.string(), z.unknown()), output: z.string(), handler } };
  const agent = await runAgent(defineAgent({ name: 'worker', capabilities }), { redis, prefix, logger, concurrency });
  onTestFinished(() => agent.close({ graceMs: 0 }));
}

/** How many workflows of the type were active after each commit that changed it: as Redis carried them out, one by one. */
async function watchActive(redis: Redis, prefix: string, type: string): Promise<readonly number[]> {
  const counts = [0];
  const monitor = await serverOf(redis, prefix).monitor();
  onTestFinished(() => monitor.disconnect());
  monitor.on('monitor', (_time: string, [command, key, field, by]: readonly string[]) => {
    if (command?.toUpperCase() === 'HINCRBY' && key === `${prefix}:active` && field === type) counts.push((counts.at(-1) ?? 0) + Number(by));
  });
  return counts;
}

test('two APIs and two orchestrators at a limit of 10: never more are active, HTTP is told when to come again, the queue waits', {
  timeout: 60_000,
}, async () => {
  const { prefix, redis, starts, queue, store, orchestrator, api } = await createWorld();
  const [one, other] = await Promise.all([api(), api(), orchestrator(), orchestrator()]);
  const definition = { name: 'limited', version: 1, nodes: [{ id: 'work', capability: 'test.work' }] };
  await one.registerType(definition);
  expect(await one.limitType('limited', { max_active: 10 })).toMatchObject({ versions: [1], active: 0, max_active: 10 });
  const counts = await watchActive(redis, prefix, 'limited');
  await serve(redis, prefix, 20, 100);

  const queued = Array.from({ length: 60 }, (_, index) => `queued${index}`);
  await Promise.all(queued.map((workflow_id) => starts.enqueue({ workflow_id, type: 'limited', params: {} })));
  const http = Array.from({ length: 20 }, (_, index) => `http${index}`);
  const refusals: BatonApiError[] = [];
  await Promise.all(
    http.map(async (workflow_id, index) => {
      for (;;) {
        const refusal = await (index % 2 === 0 ? one : other).start({ workflow_id, type: 'limited' }).then(
          () => null,
          (error: unknown) => error,
        );
        if (refusal === null) return;
        if (!(refusal instanceof BatonApiError)) throw refusal;
        refusals.push(refusal);
        await delay(refusal.retryAfterMs ?? expect.unreachable());
      }
    }),
  );
  await vi.waitFor(async () => expect((await store.list({ type: 'limited', status: 'completed', limit: 200 })).workflows).toHaveLength(80), {
    timeout: 30_000,
  });

  expect(refusals[0]).toMatchObject({
    status: 429,
    code: 'admission_refused',
    retryAfterMs: 1_000,
    message: expect.stringContaining('baton type limit limited'),
  });
  expect(Math.max(...counts)).toBe(10);
  expect(counts.length).toBe(1 + 2 * 80);
  expect(await queue.getJobCounts('delayed', 'waiting', 'failed')).toEqual({ delayed: 0, waiting: 0, failed: 0 });
  // Those that waited have used up no attempt, however often they were told to.
  expect(new Set((await queue.getCompleted()).map(({ attemptsMade }) => attemptsMade))).toEqual(new Set([1]));
  expect(await readWaitingStarts(redis, prefix)).toEqual([]);
});

test('more starts than Redis has memory for: nothing that is under way is refused anything, and all that was accepted ends', { timeout: 120_000 }, async () => {
  const { prefix, redis, starts, store, orchestrator, api } = await createWorld(['--maxmemory', '8mb']);
  const [client] = await Promise.all([api(), orchestrator()]);
  const nodes = [
    { id: 'a', capability: 'test.work' },
    { id: 'b', capability: 'test.work', params: { text: '$steps.a' } },
  ];
  await client.registerType({ name: 'heavy', version: 1, retention_ms: 1_000, nodes });
  await serve(redis, prefix, 5, 50);

  const [accepted, refused] = [new Set<string>(), new Set<string>()];
  const params = { text: 'x'.repeat(1_000) };
  const queued = Array.from({ length: 300 }, (_, index) => `queued${index}`);
  await Promise.all(queued.map((workflow_id) => starts.enqueue({ workflow_id, type: 'heavy', params })));
  for (const id of queued) accepted.add(id);
  const next = Array.from({ length: 900 }, (_, index) => `http${index}`);
  const startNext = async (): Promise<void> => {
    for (let workflow_id = next.pop(); workflow_id !== undefined; workflow_id = next.pop()) {
      const outcome = await client.start({ workflow_id, type: 'heavy', params }).catch((error: unknown) => error);
      if (outcome instanceof Error && !(outcome instanceof BatonApiError && outcome.status === 429)) throw outcome;
      (outcome instanceof Error ? refused : accepted).add(workflow_id);
    }
  };
  await Promise.all(Array.from({ length: 50 }, startNext));
  expect(refused.size).toBeGreaterThan(100);
  expect(accepted.size).toBeGreaterThan(queued.length + 100);

  await vi.waitFor(
    async () => {
      expect(await readWaitingStarts(redis, prefix)).toEqual([]);
      expect([...(await store.activeCounts())]).toEqual([]);
    },
    { timeout: 60_000, interval: 200 },
  );
  expect(/errorstat_OOM/.exec(await redis.info('errorstats'))).toBeNull();
});
