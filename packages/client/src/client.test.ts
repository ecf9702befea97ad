/** The client against a server that says what the test wants. Against the real API it is tested in apps/api and apps/cli. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { BatonApiError, type BatonClient, BatonUnreachableError, createClient, hasEnded } from './index.ts';

interface Reply {
  readonly status?: number;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close().closeAllConnections();
});

async function clientOf(
  reply: (method: string, url: string, body: string) => Reply | null,
  { repeatMs = 0 } = {},
): Promise<{ client: BatonClient; baseUrl: string }> {
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const found = reply(request.method ?? '', request.url ?? '', await textOf(request));
    if (found === null) return;
    const text = typeof found.body === 'string' ? found.body : JSON.stringify(found.body);
    response.writeHead(found.status ?? 200, { 'content-type': 'application/json', 'x-request-id': 'req_1', ...found.headers }).end(text);
  };
  const server = createServer((request, response) => void answer(request, response));
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { client: createClient({ baseUrl: `${baseUrl}/`, timeoutMs: 300, repeatMs }), baseUrl };
}

async function textOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  return text;
}

const summary = {
  type: 't',
  version: 1,
  status: 'running',
  caller: 'me',
  created_at: '2026-03-02T12:00:00.000Z',
  ended_at: null,
  duration_ms: null,
  error: null,
};
const running = { workflow_id: 'a/b', status: 'running', error: null };

test('sends JSON, encodes ids, leaves out what is not given', async () => {
  const seen: string[] = [];
  const { client } = await clientOf((method, url, body) => {
    seen.push(`${method} ${url} ${body}`.trim());
    return {
      body: {
        workflows: [],
        next_cursor: null,
        workflow_id: 'a',
        type: 't',
        version: 1,
        status: 'running',
        created: true,
        error: null,
        entries: [],
        next_after: null,
        outcome: 'applied',
        approvals: [],
        reasons: [],
        capabilities: [],
        name: 'data.fetch',
        agents: 1,
        queued: 0,
        active: 0,
        concurrency: 4,
        healthy: true,
        findings: [],
        fixed: [],
        dead_letters: [],
        total: 0,
        id: '1-0',
        replayed: 0,
        versions: [1],
        max_active: 10,
      },
    };
  });
  await client.start({ type: 't', params: { a: 1 }, workflow_id: 'a' });
  await client.result('a/b');
  await client.list({ status: 'failed', limit: 5 });
  await client.events('a b', { after: '12' });
  await client.pause('a');
  await client.cancel('a', { grace_ms: 5 });
  await client.rerun('a', { from: 'clean' });
  await client.restart('a');
  await client.signal('a', 'go', { id: '1', payload: { ok: true } });
  await client.approvals('a');
  await client.answer('a', 'plan/ask#1[0]', { decision: 'approve', approver: 'ana', token: 't' });
  await client.why('a');
  await client.capabilities();
  await client.limitCapability('data.fetch', { concurrency: 4 });
  await client.limitType('sales', { max_active: 10 });
  await client.doctor();
  await client.doctorFix();
  await client.deadLetters({ limit: 5, cursor: '1-0' });
  await client.replayDeadLetter('1-0');
  await client.replayDeadLetters();
  await client.dropDeadLetter('1-0');
  expect(seen).toEqual([
    'POST /v1/workflows {"type":"t","params":{"a":1},"workflow_id":"a"}',
    'GET /v1/workflows/a%2Fb/result',
    'GET /v1/workflows?status=failed&limit=5',
    'GET /v1/workflows/a%20b/events?after=12',
    'POST /v1/workflows/a/pause {}',
    'POST /v1/workflows/a/cancel {"grace_ms":5}',
    'POST /v1/workflows/a/rerun {"from":"clean"}',
    'POST /v1/workflows/a/restart {}',
    'POST /v1/workflows/a/signals/go {"id":"1","payload":{"ok":true}}',
    'GET /v1/workflows/a/approvals',
    'POST /v1/workflows/a/approvals/plan%2Fask%231%5B0%5D {"decision":"approve","approver":"ana","token":"t"}',
    'GET /v1/workflows/a/why',
    'GET /v1/capabilities',
    'PUT /v1/capabilities/data.fetch {"concurrency":4}',
    'PUT /v1/workflow-types/sales {"max_active":10}',
    'GET /v1/doctor',
    'POST /v1/doctor/fix {}',
    'GET /v1/dead-letters?limit=5&cursor=1-0',
    'POST /v1/dead-letters/1-0/replay {}',
    'POST /v1/dead-letters/replay {}',
    'POST /v1/dead-letters/1-0/drop {}',
  ]);
});

test('where there is no place for a start, the error says when to come again', async () => {
  const body = { type: 'urn:x', title: 'Too Many Requests', status: 429, detail: '10 may be active.', code: 'admission_refused' };
  const { client } = await clientOf((method) => ({ status: 429, body, headers: method === 'POST' ? { 'retry-after': '2' } : { 'retry-after': 'soon' } }));
  await expect(client.start({ type: 't' })).rejects.toMatchObject({
    name: 'BatonApiError',
    code: 'admission_refused',
    retryAfterMs: 2_000,
    requestId: 'req_1',
  });
  await expect(client.types()).rejects.toMatchObject({ retryAfterMs: null });
});

test('lists all pages', async () => {
  const { client } = await clientOf((_method, url) => {
    const cursor = new URL(url, 'http://h').searchParams.get('cursor');
    return {
      body: { workflows: [{ ...summary, workflow_id: cursor ?? 'first' }], next_cursor: cursor === null ? 'second' : cursor === 'second' ? 'third' : null },
    };
  });
  const ids: string[] = [];
  for await (const { workflow_id } of client.listAll({ type: 't' })) ids.push(workflow_id);
  expect(ids).toEqual(['first', 'second', 'third']);
});

test('a long wait is many requests, until the end', async () => {
  const waits: (string | null)[] = [];
  const { client } = await clientOf((_method, url) => {
    waits.push(new URL(url, 'http://h').searchParams.get('wait'));
    return { body: waits.length < 3 ? running : { ...running, status: 'completed', result: 1 } };
  });
  expect(await client.result('a', { waitMs: Number.POSITIVE_INFINITY })).toMatchObject({ status: 'completed', result: 1 });
  expect(waits).toEqual(['30000ms', '30000ms', '30000ms']);
});

test('a wait that is over is answered with what there is', async () => {
  const waits: (string | null)[] = [];
  const { client } = await clientOf((_method, url) => {
    waits.push(new URL(url, 'http://h').searchParams.get('wait'));
    return { status: 202, body: running };
  });
  expect((await client.result('a', { waitMs: 45_000.4 })).status).toBe('running');
  expect(waits).toEqual(['30000ms', '15001ms']);
});

test('a problem becomes a BatonApiError with everything in it', async () => {
  const problems = [{ path: '/params/a', code: 'type', message: 'must be a number' }];
  const { client } = await clientOf(() => ({
    status: 422,
    body: { type: 'urn:x', title: 'T', status: 422, detail: 'Not right.', code: 'invalid_workflow', problems },
  }));
  const error = await client.start({ type: 't' }).catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(BatonApiError);
  expect(error).toMatchObject({ status: 422, code: 'invalid_workflow', message: 'Not right.', problems, requestId: 'req_1' });
});

test('a control that is refused says in which states it is not', async () => {
  const detail = 'It has ended.';
  const { client } = await clientOf(() => ({
    status: 409,
    body: { type: 'urn:x', title: 'Conflict', status: 409, detail, code: 'refused', workflow_status: 'completed', allowed_in: ['running', 'waiting'] },
  }));
  await expect(client.pause('a')).rejects.toMatchObject({ code: 'refused', message: detail, allowedIn: ['running', 'waiting'] });
});

test.each([
  [200, { nonsense: true }],
  [200, '<html>'],
  [502, 'Bad gateway'],
  [404, { error: 'nope' }],
])('somebody else answers (%i): says so', async (status, body) => {
  const { client, baseUrl } = await clientOf(() => ({ status, body }));
  await expect(client.types()).rejects.toMatchObject({
    name: 'BatonApiError',
    code: 'unexpected_response',
    status,
    message: expect.stringContaining(`${baseUrl} (status ${status})`),
  });
});

test('nobody listens, or nobody answers: BatonUnreachableError with where and what to do', async () => {
  const { client: hanging, baseUrl } = await clientOf(() => null);
  const unreachable = await hanging.types().catch((caught: unknown) => caught);
  expect(unreachable).toBeInstanceOf(BatonUnreachableError);
  expect(unreachable).toMatchObject({
    code: 'API_UNREACHABLE',
    message: `The Baton API at ${baseUrl} does not answer: start it with ./dev up, or set BATON_API_URL to where it runs.`,
  });
  await expect(createClient({ baseUrl: 'http://127.0.0.1:1', repeatMs: 0 }).types()).rejects.toBeInstanceOf(BatonUnreachableError);
});

const away: Reply = {
  status: 503,
  body: { type: 'urn:x', title: 'T', status: 503, detail: 'Redis does not answer.', code: 'redis_unreachable' },
  headers: { 'retry-after': '1' },
};
const started = { workflow_id: 'a', type: 't', version: 1, status: 'running' };

test('a start whose answer was lost is made again under the id that it was given, no sooner than the API asks, and counts as created', async () => {
  const bodies: { workflow_id: string }[] = [];
  const times: number[] = [];
  const { client } = await clientOf(
    (_method, _url, body) => {
      times.push(performance.now());
      bodies.push(JSON.parse(body) as { workflow_id: string });
      // Nobody answers, then Redis is away, then it was started already.
      const answers = [null, away, { body: { ...started, created: false } }];
      return answers[bodies.length - 1] as Reply | null;
    },
    { repeatMs: 10_000 },
  );
  expect(await client.start({ type: 't' })).toMatchObject({ created: true });
  const [first, ...again] = bodies.map(({ workflow_id }) => workflow_id);
  expect(first).toMatch(/^wf_[0-9a-z]{16}$/);
  expect(again).toEqual([first, first]);
  expect((times[2] as number) - (times[1] as number)).toBeGreaterThanOrEqual(990);
});

test('under an id of your own, what exists is said to exist', async () => {
  const { client } = await clientOf(() => ({ body: { ...started, created: false } }));
  expect(await client.start({ type: 't', workflow_id: 'a' })).toMatchObject({ created: false });
});

test('it is not tried for longer than is left, and the error has the id to go on with', async () => {
  let calls = 0;
  const { client } = await clientOf(
    () => {
      calls += 1;
      return away;
    },
    { repeatMs: 500 },
  );
  await expect(client.start({ type: 't', workflow_id: 'mine' })).rejects.toMatchObject({ status: 503, retryAfterMs: 1_000, workflowId: 'mine' });
  expect(calls).toBe(1);
});

test('what may not be done twice is not done again, and what was refused is not asked again', async () => {
  const seen: string[] = [];
  const { client } = await clientOf(
    (method, url) => {
      seen.push(`${method} ${url}`);
      return url.endsWith('why')
        ? { ...away, status: 404, body: { ...(away.body as object), status: 404, code: 'unknown_workflow' } }
        : { ...away, headers: {} };
    },
    { repeatMs: 700 },
  );
  await Promise.allSettled([client.retry('a'), client.restart('a'), client.signal('a', 'go'), client.why('a')]);
  expect(seen).toHaveLength(4);
  await client.signal('a', 'go', { id: '1' }).catch(() => undefined);
  await client.pause('a').catch(() => undefined);
  expect(seen.filter((line) => line.includes('signals')).length).toBeGreaterThan(2);
  expect(seen.filter((line) => line.includes('pause')).length).toBeGreaterThan(1);
});

test('knows which statuses are final', () => {
  const statuses = ['pending', 'running', 'paused', 'waiting', 'completed', 'failed', 'cancelled', 'timed_out'] as const;
  expect(statuses.filter(hasEnded)).toEqual(['completed', 'failed', 'cancelled', 'timed_out']);
});
