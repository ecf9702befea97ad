/** Everything that the server refuses before a handler has its say, what it says when Redis is away, and what it keeps to itself. */
import { AgentListView, ProblemBody } from '@baton/protocol';
import { describe, expect, test } from 'vitest';
import { bodyBytesMax } from './build-api.ts';
import { memoryApi, responseOf } from './fixture/memory-api.ts';
import { assertLoopback, isLoopback, isOwnOrigin } from './loopback.ts';

const json = { 'content-type': 'application/json' };
const never = () => Promise.reject(new Error('was asked'));
const requests: [name: string, request: object, status: number, code: string][] = [
  ['an unknown path', { method: 'GET', url: '/v2/workflows' }, 404, 'not_found'],
  ['an unknown method', { method: 'DELETE', url: '/v1/workflows/x' }, 404, 'not_found'],
  ['what is no JSON', { method: 'POST', url: '/v1/workflows', headers: json, body: '{"type":' }, 400, 'invalid_json'],
  ['an empty body', { method: 'POST', url: '/v1/workflows', headers: json, body: '' }, 400, 'invalid_json'],
  ['a poisoned body', { method: 'POST', url: '/v1/workflows', headers: json, body: '{"__proto__":{"a":1}}' }, 400, 'invalid_json'],
  ['no body', { method: 'POST', url: '/v1/workflows' }, 400, 'invalid_request'],
  ['text', { method: 'POST', url: '/v1/workflows', headers: { 'content-type': 'text/plain' }, body: '{}' }, 415, 'unsupported_media_type'],
  [
    'a form',
    { method: 'POST', url: '/v1/workflows', headers: { 'content-type': 'application/x-www-form-urlencoded' }, body: 'a=1' },
    415,
    'unsupported_media_type',
  ],
  ['too much', { method: 'POST', url: '/v1/workflows', headers: json, body: `"${'x'.repeat(bodyBytesMax)}"` }, 413, 'payload_too_large'],
  ['a path that cannot be decoded', { method: 'GET', url: '/v1/workflows/%zz' }, 400, 'invalid_request'],
  ['an endless id', { method: 'GET', url: `/v1/workflows/${'x'.repeat(500)}` }, 404, 'not_found'],
  ["somebody else's name for us", { method: 'GET', url: '/v1/workflows', headers: { host: 'evil.example' } }, 421, 'misdirected_request'],
  ['changing a queue', { method: 'PUT', url: '/queues/api/queues/pause' }, 405, 'read_only'],
  ['adding a job', { method: 'POST', url: '/queues/api/queues/cap.x/add', headers: json, body: '{}' }, 405, 'read_only'],
];

test.each(requests)('%s is refused as a problem', async (_name, request, status, code) => {
  const { app, logged } = await memoryApi();
  const response = responseOf(await app.inject(request));
  expect(response.type).toContain('application/problem+json');
  expect(ProblemBody.parse(response.body)).toMatchObject({ type: `urn:baton:problem:${code}`, status, code, detail: expect.stringMatching(/\.$/) });
  expect(response.status).toBe(status);
  expect(logged).toContainEqual(expect.objectContaining({ event: 'http_request', status, request_id: response.headers['x-request-id'] }));
});

test('a bug says nothing of the inside, and the log has it under the request id', async () => {
  const { get, logged } = await memoryApi({ agents: () => Promise.reject(new Error('secret inside')) });
  const { status, body, headers } = await get('/v1/agents');
  expect([status, body.code]).toEqual([500, 'internal_error']);
  expect(JSON.stringify(body)).not.toContain('secret inside');
  expect(body.detail).toContain(String(headers['x-request-id']));
  expect(logged).toContainEqual(
    expect.objectContaining({ event: 'request_failed', request_id: headers['x-request-id'], err: expect.objectContaining({ message: 'secret inside' }) }),
  );
});

describe('Redis away', () => {
  const paths = [
    '/v1/workflows',
    '/v1/workflows/x',
    '/v1/workflows/x/result?wait=30s',
    '/v1/workflow-types',
    '/v1/agents',
    '/v1/capabilities',
    '/v1/workflows/x/why',
    '/v1/workflows/x/approvals',
    '/v1/doctor',
    '/v1/dead-letters',
    '/queues/api/queues',
  ];
  const refused = { status: 503, body: { code: 'redis_unreachable' } };

  test.each(paths)('%s is refused at once, and nothing is asked of it', async (path) => {
    const { get } = await memoryApi({ isRedisUp: () => false, agents: never, queues: never });
    const response = await get(path);
    expect(response).toMatchObject(refused);
    expect(response.headers['retry-after']).toBe('1');
  });

  test('with one shard away the doctor is asked all the same, and says so; what is asked of all shards is refused', async () => {
    const { get } = await memoryApi({ isRedisUp: (shards) => shards === 'any' });
    expect(await get('/v1/doctor')).toMatchObject({ status: 200 });
    expect(await get('/v1/workflows')).toMatchObject(refused);
  });

  test('a start is refused, and not done later', async () => {
    const { post, queue } = await memoryApi({ isRedisUp: () => false });
    expect(await post('/v1/workflows', { type: 'report' })).toMatchObject(refused);
    expect(queue.dispatched.size).toBe(0);
  });

  test('a Redis that hangs is not waited for', async () => {
    const { get } = await memoryApi({ answerTimeoutMs: 20, agents: () => new Promise(() => {}) });
    expect(await get('/v1/agents')).toMatchObject(refused);
  });

  test.each([
    Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' }),
    new Error('Connection is closed.'),
    Object.assign(new Error('Redis does not answer'), { code: 'UNREACHABLE' }),
    new Error('cannot list', { cause: new Error('LOADING Redis is loading the dataset in memory') }),
    new Error('Redis refused', { cause: new Error("OOM command not allowed when used memory > 'maxmemory'.") }),
    new Error("READONLY You can't write against a read only replica."),
    new Error('MISCONF Errors writing to the AOF file: No space left on device'),
  ])('its errors are no bugs of ours: %s', async (cause) => {
    const agents = async (): Promise<never> => {
      throw cause;
    };
    const { get } = await memoryApi({ agents });
    expect(await get('/v1/agents')).toMatchObject(refused);
  });

  test('/healthz does not mind, /readyz says what is in the way, /metrics is served', async () => {
    const { get } = await memoryApi({
      isRedisUp: () => false,
      health: () => Promise.resolve([{ code: 'redis_unreachable', message: 'There is no connection to Redis.' }]),
    });
    expect(await get('/healthz')).toMatchObject({ status: 200, body: { status: 'ok' } });
    expect(await get('/readyz')).toMatchObject({
      status: 503,
      body: { code: 'redis_unreachable', problems: [{ message: 'There is no connection to Redis.' }] },
    });
    expect((await get('/metrics')).status).toBe(200);
  });
});

test('/readyz is ready, /metrics is text, /queues is a page, and the agents are listed', async () => {
  const entry = {
    id: 'a-1',
    name: 'a',
    version: '1',
    host: 'h',
    pid: 1,
    started_at: '2026-03-02T12:00:00Z',
    heartbeat_at: '2026-03-02T12:00:00Z',
    concurrency: 4,
  };
  const { get } = await memoryApi({ agents: () => Promise.resolve([{ ...entry, capabilities: [{ name: 'data.fetch', input: {}, output: {} }] }]) });
  expect(await get('/readyz')).toMatchObject({ status: 200, body: { status: 'ready' } });
  const metrics = await get('/metrics');
  expect(metrics.type).toContain('text/plain; version=0.0.4');
  expect(metrics.body['text']).toContain('# TYPE workflow_starts_total counter');
  expect((await get('/queues')).type).toContain('text/html');
  expect(AgentListView.parse((await get('/v1/agents')).body)).toMatchObject({ agents: [{ id: 'a-1', capabilities: ['data.fetch'] }] });
});

test('only loopback is loopback', () => {
  for (const host of ['127.0.0.1', '127.3.2.1', 'localhost', 'LOCALHOST', '::1', '[::1]']) expect([host, isLoopback(host)]).toEqual([host, true]);
  for (const host of ['0.0.0.0', '::', '192.168.1.1', '127.0.0.1.evil.example', '127.evil', 'localhost.evil', ''])
    expect([host, isLoopback(host)]).toEqual([host, false]);
  for (const origin of [undefined, 'http://localhost:5173', 'http://[::1]']) expect(isOwnOrigin(origin)).toBe(true);
  for (const origin of ['null', '', 'https://evil.example', 'http://127.0.0.1.evil.example']) expect(isOwnOrigin(origin)).toBe(false);
  expect(() => assertLoopback('0.0.0.0')).toThrow('BATON_HOST is 0.0.0.0, but the API has no authentication yet and listens on loopback only');
});
