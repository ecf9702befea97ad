import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type RedisFixture, randomPrefix, startRedis } from '@baton/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bundle } from './bundle.ts';
import { root } from './checkout.ts';
import { startApp } from './process.ts';

let redis: RedisFixture;
let folder: string;

beforeAll(async () => {
  redis = await startRedis();
  folder = await mkdtemp(join(tmpdir(), 'baton-bundle-'));
});

afterAll(async () => {
  await redis.stop();
  await rm(folder, { recursive: true });
});

/** What an image runs: plain `node dist/main.js`, without a source of ours in sight. */
test.each([
  ['orchestrator', 'orchestrator_ready'],
  ['api', 'api_ready'],
  ['worker-sales', 'agent_ready'],
  ['worker-text', 'agent_ready'],
])('the bundle of %s starts, and SIGTERM ends it cleanly', async (app, ready) => {
  await bundle(app);
  const env = {
    BATON_REDIS_URL: redis.url,
    BATON_PREFIX: randomPrefix(),
    BATON_API_PORT: '0',
    BATON_METRICS_PORT: '0',
    BATON_FILES_DIR: folder,
    BATON_DATA_ROOTS: folder,
  };
  const running = await startApp({ name: `bundle-${app}`, main: join(root, 'apps', app, 'dist/main.js'), env, ready }, AbortSignal.timeout(60_000));
  await running.stop();
  // Also where the signal came while other agents of the worker still started.
  expect(await running.ended, running.tail()).toBe('ended with code 0');
});
