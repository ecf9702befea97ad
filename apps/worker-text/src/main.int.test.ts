/** The process as it is run: how it starts, how it ends, and what it exits with. Whole workflows through it: `./dev demo`, `demo.e2e.test.ts`. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { randomPrefix, startProcess, startRedis } from '@baton/testkit';
import { expect, onTestFinished, test } from 'vitest';

const main = join(import.meta.dirname, 'main.ts');

async function environment() {
  const redis = await startRedis();
  onTestFinished(() => redis.stop());
  const folder = await mkdtemp(join(tmpdir(), 'baton-text-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return {
    BATON_REDIS_URL: redis.url,
    BATON_PREFIX: randomPrefix(),
    BATON_METRICS_PORT: '0',
    BATON_FILES_DIR: folder,
    BATON_DATA_ROOTS: resolve(import.meta.dirname, '../data'),
  };
}

test('starts all agents and ends cleanly', async () => {
  const worker = startProcess(main, await environment());
  await worker.saw('metrics_ready');
  await expect.poll(() => worker.output().match(/"agent_ready"/g)?.length, { timeout: 20_000 }).toBe(16);
  expect(await worker.end('SIGTERM')).toBe(0);
  expect(worker.output()).toContain('worker_text_stopped');
});

test('a wrong environment exits 2 and says what is wrong', async () => {
  const worker = startProcess(main, { BATON_CONCURRENCY: '0', BATON_DATA_ROOTS: 'https://me:s3cret@example.com/' });
  expect(await worker.ended).toBe(2);
  expect(worker.output()).toMatch(/BATON_CONCURRENCY[\s\S]*BATON_DATA_ROOTS/);
  expect(worker.output()).not.toContain('s3cret');
});
