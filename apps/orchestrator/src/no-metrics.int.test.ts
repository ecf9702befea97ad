/** An orchestrator that was told to keep no metrics and to log nothing works like any other. */
import { fileURLToPath } from 'node:url';
import { connectRedis, createStartQueue } from '@baton/queue';
import { createStore } from '@baton/store';
import { randomPrefix, startProcess, startRedis } from '@baton/testkit';
import { expect, onTestFinished, test, vi } from 'vitest';

const main = fileURLToPath(new URL('./main.ts', import.meta.url));
const definition = { name: 'nap', version: 1, nodes: [{ id: 'nap', kind: 'sleep', for_ms: 1 }] };

test.each([
  ['0', 'info', /"event":"metrics_ready"[^]*"event":"workflow_completed"/],
  ['off', 'info', /^(?![^]*metrics_ready)[^]*"event":"workflow_completed"/],
  ['off', 'silent', /^$/],
])('BATON_METRICS_PORT=%s BATON_LOG_LEVEL=%s: workflows end, and it says what it should', async (port, level, said) => {
  const fixture = await startRedis();
  onTestFinished(() => fixture.stop());
  const prefix = randomPrefix();
  const redis = await connectRedis(fixture.url, { name: 'no-metrics' });
  onTestFinished(() => redis.disconnect());
  const orchestrator = startProcess(main, {
    BATON_REDIS_URL: fixture.url,
    BATON_PREFIX: prefix,
    BATON_METRICS_PORT: port,
    BATON_LOG_LEVEL: level,
    BATON_LOG_FORMAT: 'json',
  });
  onTestFinished(async () => void (await orchestrator.end('SIGKILL')));
  const starts = createStartQueue(redis, prefix);
  onTestFinished(() => starts.close());
  await starts.enqueue({ workflow_id: 'wf', definition, params: {} });
  const store = createStore({ redis, prefix });
  await vi.waitFor(async () => expect((await store.summary('wf'))?.state.status).toBe('completed'), { timeout: 15_000, interval: 50 });
  expect(await orchestrator.end('SIGTERM')).toBe(0);
  expect(orchestrator.output()).toMatch(said);
});
