/** The process as it is run: how it starts, how it ends, and what it exits with. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { startRedis } from '@baton/testkit';
import { expect, onTestFinished, test } from 'vitest';
import { temporaryFolder } from './fixture/local-run.ts';

async function start(environment: Readonly<Record<string, string>>) {
  const folder = await temporaryFolder();
  const worker = spawn(process.execPath, [join(import.meta.dirname, 'main.ts')], {
    env: { PATH: process.env['PATH'], BATON_METRICS_PORT: '0', BATON_LOG_FORMAT: 'json', BATON_FILES_DIR: folder.path, ...environment },
  });
  const ended = once(worker, 'exit');
  const errors: string[] = [];
  worker.stderr.on('data', (chunk: Buffer) => void errors.push(chunk.toString()));
  onTestFinished(async () => {
    worker.kill('SIGKILL');
    await ended;
    await folder[Symbol.asyncDispose]();
  });
  const lines = createInterface(worker.stdout)[Symbol.asyncIterator]();
  const next = async (event: string): Promise<Record<string, unknown>> => {
    for (let line = await lines.next(); line.done !== true; line = await lines.next()) {
      const entry = JSON.parse(line.value);
      if (entry.event === event) return entry;
    }
    throw new Error(`It ended without ${event}: ${errors.join('')}`);
  };
  return { next, stop: (signal: NodeJS.Signals) => worker.kill(signal), exitCode: async () => (await ended)[0] as number | null, errors };
}

test.each(['SIGTERM', 'SIGINT'] as const)('starts all five agents, serves metrics, and %s ends it cleanly', async (signal) => {
  const redis = await startRedis();
  onTestFinished(() => redis.stop());
  const worker = await start({ BATON_REDIS_URL: redis.url });
  const { url } = await worker.next('metrics_ready');
  const capabilities: unknown[] = [];
  for (let count = 0; count < 5; count += 1) capabilities.push((await worker.next('agent_ready'))['capabilities']);
  expect(capabilities.flat()).toEqual(['data.fetch', 'data.clean', 'analytics.kpis', 'chart.render', 'report.assemble']);
  expect(await (await fetch(String(url))).text()).toContain('subtask_retries_total');
  worker.stop(signal);
  await worker.next('worker_sales_stopped');
  expect(await worker.exitCode()).toBe(0);
});

test('a signal that comes while the agents start ends it cleanly too', async () => {
  const redis = await startRedis();
  onTestFinished(() => redis.stop());
  const worker = await start({ BATON_REDIS_URL: redis.url });
  await worker.next('metrics_ready');
  worker.stop('SIGTERM');
  expect(await worker.exitCode()).toBe(0);
});

test('a wrong environment exits 2 and names every variable, a Redis that is away exits 3', async () => {
  const wrong = await start({ BATON_CONCURRENCY: '0', BATON_BROKEN_SHARE_MAX: '7' });
  expect(await wrong.exitCode()).toBe(2);
  expect(wrong.errors.join('')).toMatch(/BATON_CONCURRENCY[\s\S]*BATON_BROKEN_SHARE_MAX/);
  const alone = await start({ BATON_REDIS_URL: 'redis://127.0.0.1:9' });
  expect(await alone.exitCode()).toBe(3);
  expect(alone.errors.join('')).toMatch(/^Redis at 127\.0\.0\.1:9 did not answer/);
});
