/**
 * Long payloads through real processes: the API, an orchestrator, agents; kept in Redis, in a directory and in S3. What goes in comes out, whatever it
 * passes on the way; Redis holds none of it where it is kept elsewhere; and whoever dies, or whatever is lost, every workflow ends.
 */
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { connectRedis, type Redis } from '@baton/queue';
import { type RedisFixture, randomPrefix, type S3Fixture, startProcess, startRedis, startS3, type TestProcess } from '@baton/testkit';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { isWithTrees } from './trees-under-test.ts';

const orchestratorMain = fileURLToPath(new URL('./main.ts', import.meta.url));
const agentMain = fileURLToPath(new URL('./fixture/payload-agent.ts', import.meta.url));
const apiMain = fileURLToPath(new URL('../../api/src/main.ts', import.meta.url));
const mebibyte = 1024 * 1024;
const piece = 40 * 1024;

let fixture: RedisFixture;
let s3: S3Fixture;
let redis: Redis;
let directory: string;
let prefix: string;
let processes: TestProcess[];
let api: string;

beforeAll(async () => {
  [fixture, s3] = await Promise.all([startRedis({ args: ['--appendfsync', 'always'] }), startS3('payloads')]);
});
afterAll(async () => await Promise.all([fixture.stop(), s3.stop()]));
beforeEach(async () => {
  prefix = randomPrefix();
  processes = [];
  directory = await mkdtemp(join(tmpdir(), 'baton-payloads-'));
  redis = await connectRedis(fixture.url, { name: 'payloads-test' });
});
afterEach(async () => {
  await Promise.all(processes.map((child) => child.end('SIGKILL')));
  redis.disconnect();
  await rm(directory, { recursive: true, force: true });
});

const places = { redis: () => 'redis', directory: () => `dir:${directory}`, s3: () => `s3://payloads/some/prefix?endpoint=${s3.endpoint}` } as const;
type Place = keyof typeof places;

async function start(place: Place, main: string, event: string, env: Readonly<Record<string, string>> = {}): Promise<TestProcess> {
  const child = startProcess(main, {
    ...s3.environment,
    BATON_REDIS_URL: fixture.url,
    BATON_PREFIX: prefix,
    BATON_BLOBS: places[place](),
    BATON_METRICS_PORT: '0',
    BATON_API_PORT: '0',
    BATON_LEASE_MS: '600',
    BATON_TREES: isWithTrees ? 'on' : 'off',
    ...env,
  });
  processes.push(child);
  const ready = await child.saw(event);
  if (event === 'api_ready') api = String(ready['url']);
  return child;
}

const orchestrator = (place: Place) => start(place, orchestratorMain, 'orchestrator_ready');
const agent = (place: Place, env?: Readonly<Record<string, string>>) => start(place, agentMain, 'agent_ready', env);

async function everybody(place: Place): Promise<void> {
  await Promise.all([orchestrator(place), agent(place), start(place, apiMain, 'api_ready')]);
}

async function call(method: string, path: string, body?: object): Promise<{ readonly status: number; readonly body: Record<string, unknown> }> {
  const headers = { 'content-type': 'application/json' };
  const answer = await fetch(`${api}${path}`, { method, ...(body && { body: JSON.stringify(body), headers }) });
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
}

async function run(workflow_id: string, nodes: readonly object[], rest: object = {}, params: object = {}): Promise<void> {
  const { status, body } = await call('POST', '/v1/workflows', { workflow_id, definition: { name: 'long', version: 1, nodes, ...rest }, params });
  expect(status, JSON.stringify(body).slice(0, 500)).toBe(201);
}

async function result(id: string): Promise<Record<string, unknown>> {
  const { status, body } = await call('GET', `/v1/workflows/${id}/result?wait=50s`);
  return { status, ...body };
}

async function bytesInRedis(): Promise<number> {
  const keys = await redis.keys(`${prefix}*`);
  const sizes = await Promise.all(keys.map((key) => redis.memory('USAGE', key, 'SAMPLES', 0)));
  return sizes.reduce<number>((sum, size) => sum + (size ?? 0), 0);
}

const grow = (bytes: number, seed: string): string => `${seed} `.repeat(Math.ceil(bytes / (seed.length + 1))).slice(0, bytes);
const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex');

const growing = { id: 'grow', capability: 'test.grow', params: { bytes: mebibyte, seed: 'grown' } };
const passing = (id: string, from: string) => ({ id, capability: 'test.pass', params: { text: `$steps.${from}.text` } });

/** A chain, a map of 100, the context, a loop and a workflow inside, each with something long. */
const everything = [
  growing,
  passing('pass', 'grow'),
  passing('last', 'pass'),
  { id: 'pieces', capability: 'test.pieces', params: {} },
  { id: 'map', kind: 'map', over: '$steps.pieces', each: { capability: 'test.piece', params: { seed: '$item', shared: '$params.shared' } } },
  { id: 'note', capability: 'test.note', params: { text: '$steps.last.text' }, writes: ['notes'] },
  { id: 'noted', capability: 'test.score', needs: ['note'], params: { text: '$context.notes.long' } },
  {
    id: 'loop',
    kind: 'loop',
    generate: { capability: 'test.pass', params: { text: '$params.shared' } },
    critique: { capability: 'test.score', params: { text: '$loop.draft.text' } },
    score: 'score',
    threshold: 1,
  },
  { id: 'inside', kind: 'workflow', type: 'inner', params: { text: '$steps.last.text' } },
];

describe.each(['redis', 's3'] as const)('kept in %s', (place) => {
  it('what goes in comes out, whatever it passes on the way', async () => {
    await everybody(place);
    const inner = { name: 'inner', version: 1, nodes: [{ id: 'only', capability: 'test.pass', params: { text: '$params.text' } }], result: '$steps.only' };
    expect((await call('POST', '/v1/workflow-types', inner)).status).toBe(201);
    const shared = grow(piece, 'shared');
    await run('all', everything, {}, { shared });
    const text = grow(mebibyte, 'grown');
    const expected = {
      noted: { score: 1, sha256: hashOf(text) },
      map: Array.from({ length: 100 }, (_, index) => grow(piece, `piece${index}`)),
      loop: { text: shared },
      inside: { text },
    };
    expect(await result('all')).toEqual({ status: 'completed', workflow_id: 'all', result: expected, error: null });
    if (place === 'redis') expect(await redis.pttl(`${prefix}:blob:all`)).toBeGreaterThan(0);
    else expect([await redis.keys(`${prefix}:blob*`), (await bytesInRedis()) < 2 * mebibyte]).toEqual([[], true]);

    expect((await call('POST', '/v1/workflows/all/rerun', { from: 'noted' })).body).toMatchObject({ outcome: 'applied' });
    await vi.waitFor(async () => expect(await result('all')).toMatchObject({ status: 'completed', result: expected }), { timeout: 20_000 });
  });
});

it('an agent that dies between keeping its result and replying is followed by another; the result is kept once, and goes with the workflow', async () => {
  await Promise.all([orchestrator('directory'), start('directory', apiMain, 'api_ready')]);
  const dying = await agent('directory', { PAYLOAD_DIES: '1' });
  await run('wf', [growing, passing('pass', 'grow')], { retention_ms: 2_000 });
  expect(await dying.ended).toBeNull();
  expect(await readdir(join(directory, 'wf'))).toHaveLength(1);
  await agent('directory');
  expect(await result('wf')).toMatchObject({ status: 'completed', result: { pass: { text: grow(mebibyte, 'grown') } } });
  expect(await readdir(join(directory, 'wf'))).toHaveLength(1);
  expect(await redis.hget(`${prefix}:runs`, 'wf~grow~0')).toBe('2');
  await vi.waitFor(async () => expect((await call('GET', '/v1/workflows/wf')).status).toBe(404), { timeout: 20_000 });
  expect(await readdir(directory)).toEqual([]);
});

it('what is lost fails its workflow and says so, and holds up nobody else', async () => {
  await everybody('directory');
  await run('robbed', [growing, { id: 'wait', kind: 'signal', signal: 'go', needs: ['grow'] }, { ...passing('pass', 'grow'), needs: ['wait'] }]);
  await vi.waitFor(async () => expect((await call('GET', '/v1/workflows/robbed')).body).toMatchObject({ status: 'waiting' }), { timeout: 20_000 });
  await rm(join(directory, 'robbed'), { recursive: true });
  // Those who remember go.
  await Promise.all(processes.map((child) => child.end('SIGKILL')));
  await everybody('directory');
  await call('POST', '/v1/workflows/robbed/signals/go', { payload: 1 });
  expect(await result('robbed')).toMatchObject({ status: 'failed', error: { code: 'PAYLOAD_LOST', message: expect.stringContaining('"grow"') } });

  await run('other', [growing]);
  await vi.waitFor(async () => expect((await call('GET', '/v1/workflows?status=completed')).body).toMatchObject({ workflows: [{ workflow_id: 'other' }] }), {
    timeout: 20_000,
  });
  await rm(join(directory, 'other'), { recursive: true });
  expect(await result('other')).toMatchObject({ status: 410, code: 'payload_lost' });
});

it('a store that is away is waited for: the API says so, and what was under way goes on when it is back', async () => {
  const away = await startS3('payloads');
  const port = new URL(away.endpoint).port;
  const env = { BATON_BLOBS: `s3://payloads?endpoint=${away.endpoint}` };
  await Promise.all([start('s3', orchestratorMain, 'orchestrator_ready', env), start('s3', apiMain, 'api_ready', env), agent('s3', env)]);
  await away.stop();
  await run('short', [{ ...growing, params: { bytes: 10, seed: 'x' } }]);
  expect(await result('short')).toMatchObject({ status: 'completed' });
  await run('long', [growing, passing('pass', 'grow')]);
  await processes[2]?.saw('blobs_unreachable');
  const refused = await call('POST', '/v1/workflows', { definition: { name: 'long', version: 1, nodes: [growing] }, params: { text: grow(piece, 'x') } });
  expect(refused).toMatchObject({ status: 503, body: { code: 'blobs_unreachable' } });
  const back = await startS3('payloads', Number(port));
  expect(await result('long')).toMatchObject({ status: 'completed', result: { pass: { text: grow(mebibyte, 'grown') } } });
  expect(await redis.hget(`${prefix}:runs`, 'long~grow~0')).toBe('1');
  await back.stop();
});
