/** The API as a process on a real Redis: it starts or says why not, serves, survives Redis going away, and stops cleanly. */
import { BatonApiError, createClient } from '@baton/client';
import { connectRedis, openQueue, registerAgent } from '@baton/queue';
import { type RedisFixture, randomPrefix, startRedis } from '@baton/testkit';
import { afterAll, afterEach, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { killApis, runApi, startApi } from './fixture/api-process.ts';
import { report } from './fixture/memory-api.ts';

let redis: RedisFixture;
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.stop());
afterEach(killApis);

const agentEntry = { id: 'one', name: 'agent', version: '1.0.0', host: 'here', pid: 1, started_at: new Date(0).toISOString(), concurrency: 1 };
const environment = () => ({ BATON_REDIS_URL: redis.url, BATON_PREFIX: randomPrefix() });

test('serves: a type, a workflow, its events, its queues and its metrics', async () => {
  const api = await startApi(environment());
  const client = createClient({ baseUrl: api.url });
  await client.registerType(report);
  const { workflow_id } = await client.start({ type: 'report', params: { source: 'a.csv' } });
  expect((await client.get(workflow_id)).subtasks.map(({ status }) => status)).toEqual(['assigned', 'pending']);
  expect((await client.events(workflow_id)).entries).toHaveLength(1);
  expect(api.log).toContainEqual(expect.objectContaining({ event: 'workflow_started', workflow_id, type: 'report_v1' }));

  const board = (await (await fetch(`${api.url}/queues/api/queues`)).json()) as {
    queues: { name: string; readOnlyMode: boolean; counts: { waiting: number } }[];
  };
  expect(board.queues).toContainEqual(expect.objectContaining({ name: 'cap.data.fetch', readOnlyMode: true, counts: expect.objectContaining({ waiting: 1 }) }));
  const jobs = await fetch(`${api.url}/queues/api/queues?activeQueue=cap.data.fetch&status=latest&page=1&jobsPerPage=10`);
  expect(JSON.stringify(await jobs.json())).toContain(workflow_id);

  const metrics = await (await fetch(`${api.url}/metrics`)).text();
  expect(metrics).toContain('workflow_starts_total{workflow_type="report"} 1');
  expect(metrics).toContain('active_workflows{workflow_type="report"} 1');
  expect(await api.stop()).toBe(0);
});

test.each([
  ['on', 1],
  ['off', 0],
])('BATON_TREES=%s: of a chain whose agents can do it, so many steps are in the queue behind others', async (trees, behind) => {
  const given = environment();
  const own = await connectRedis(given.BATON_REDIS_URL, { name: 'api-test' });
  onTestFinished(() => own.disconnect());
  const capabilities = ['data.fetch', 'data.clean'].map((name) => ({ name, input: {}, output: {} }));
  const agent = await registerAgent({
    redis: own,
    prefix: given.BATON_PREFIX,
    entry: { ...agentEntry, capabilities, kit: { trees: true }, trust_domain: 'default' },
    onError: (error) => expect.unreachable(error.message),
  });
  onTestFinished(() => agent.close());
  const api = await startApi({ ...given, BATON_TREES: trees });
  await createClient({ baseUrl: api.url }).start({ definition: report, params: { source: 'a.csv' } });
  const queue = openQueue(own, given.BATON_PREFIX, 'cap.data.clean');
  expect(await queue.getWaitingChildrenCount()).toBe(behind);
  await queue.close();
});

test('stops cleanly while somebody waits for a result', async () => {
  const api = await startApi(environment());
  const client = createClient({ baseUrl: api.url });
  const { workflow_id } = await client.start({ definition: report, params: { source: 'a.csv' } });
  const waiting = fetch(`${api.url}/v1/workflows/${workflow_id}/result?wait=60s`);
  await client.get(workflow_id);
  expect(await api.stop()).toBe(0);
  expect((await waiting).status).toBe(202);
  expect(api.log.map(({ event }) => event)).toEqual(expect.arrayContaining(['api_stopping', 'api_stopped']));
});

test('Redis goes away in the middle and comes back: refused at once, ready again, nothing lost', async () => {
  const own = await startRedis({ args: ['--appendfsync', 'always'] });
  try {
    const api = await startApi({ BATON_REDIS_URL: own.url });
    const client = createClient({ baseUrl: api.url });
    const { workflow_id } = await client.start({ definition: report, params: { source: 'a.csv' } });
    await own.kill();
    await vi.waitFor(async () => expect((await fetch(`${api.url}/readyz`)).status).toBe(503), { timeout: 10_000 });
    const refused = await client.get(workflow_id).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(BatonApiError);
    expect(refused).toMatchObject({ status: 503, code: 'redis_unreachable' });
    expect((await fetch(`${api.url}/healthz`)).status).toBe(200);
    await own.restart();
    await vi.waitFor(async () => expect((await fetch(`${api.url}/readyz`)).status).toBe(200), { timeout: 15_000 });
    expect((await client.get(workflow_id)).status).toBe('running');
    expect(api.log.map(({ event }) => event)).toEqual(expect.arrayContaining(['redis_lost', 'redis_restored']));
    expect(await api.stop()).toBe(0);
  } finally {
    await own.stop();
  }
});

test('stops cleanly while Redis is away', async () => {
  const own = await startRedis();
  const api = await startApi({ BATON_REDIS_URL: own.url });
  await own.stop();
  await vi.waitFor(() => expect(api.log.map(({ event }) => event)).toContain('redis_lost'), { timeout: 10_000 });
  expect(await api.stop()).toBe(0);
});

test('says what is wrong with its environment, all at once: exit code 2', async () => {
  const ended = await runApi({ BATON_API_PORT: 'x', BATON_REDIS_URL: 'http://user:hunter2@h', BATON_LOG_LEVEL: 'loud' });
  expect(ended).toMatchObject({ exitCode: 2, stderr: expect.stringMatching(/BATON_REDIS_URL[^]*BATON_LOG_LEVEL[^]*BATON_API_PORT/) });
  expect(JSON.stringify(ended)).not.toContain('hunter2');
});

test('listens on loopback only: exit code 2', async () => {
  expect(await runApi({ ...environment(), BATON_HOST: '0.0.0.0' })).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining('set BATON_HOST to 127.0.0.1'),
  });
});

test('a port in use names the variable: exit code 2', async () => {
  const { url } = await startApi(environment());
  const ended = await runApi({ ...environment(), BATON_API_PORT: new URL(url).port });
  expect(ended).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('is in use: set BATON_API_PORT to a free port') });
});

test('Redis away at the start: exit code 3', async () => {
  const gone = await startRedis();
  await gone.stop();
  expect(await runApi({ BATON_REDIS_URL: gone.url })).toMatchObject({ exitCode: 3, stderr: expect.stringContaining('start Redis, or set BATON_REDIS_URL') });
});
