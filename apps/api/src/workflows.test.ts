/** The routes of workflows and types, on the memory ports. */
import {
  EventListView,
  RegisterTypeView,
  StartWorkflowView,
  WorkflowListView,
  WorkflowResultView,
  WorkflowTypeListView,
  WorkflowTypeView,
  WorkflowView,
} from '@baton/protocol';
import { beforeEach, describe, expect, test } from 'vitest';
import { type MemoryApi, memoryApi, noon, report } from './fixture/memory-api.ts';

const node = (id: string, need: string) => ({ id, capability: 'x.y', needs: [need] });
const params = { source: 'sales.csv' };
let api: MemoryApi;

const startMonday = () => api.post('/v1/workflows', { workflow_id: 'monday', type: 'report', params });
const monday = async () => WorkflowView.parse((await api.get('/v1/workflows/monday')).body);
const subtask = async (id: string) => (await monday()).subtasks.find(({ subtask_id }) => subtask_id === id);

beforeEach(async () => {
  api = await memoryApi();
  await api.post('/v1/workflow-types', report);
});

describe('POST /v1/workflows', () => {
  test('starts a registered type: 201 with where it is', async () => {
    const { status, headers, body } = await api.post('/v1/workflows', { type: 'report', params });
    const view = StartWorkflowView.parse(body);
    expect([status, headers['location']]).toEqual([201, `/v1/workflows/${view.workflow_id}`]);
    expect(view).toMatchObject({ type: 'report', version: 1, status: 'running', created: true });
  });

  test('starts a definition of its own', async () => {
    const { status, body } = await api.post('/v1/workflows', { definition: { ...report, name: 'own' }, params });
    expect([status, body['type']]).toEqual([201, 'own']);
  });

  test('the same id with the same request is the same workflow: 200; with another it is a conflict: 409', async () => {
    const start = { workflow_id: 'monday', type: 'report', params };
    expect((await api.post('/v1/workflows', start)).status).toBe(201);
    const again = await api.post('/v1/workflows', start);
    expect([again.status, again.body['created']]).toEqual([200, false]);
    const other = await api.post('/v1/workflows', { ...start, params: { source: 'other.csv' } });
    expect([other.status, other.body.code]).toEqual([409, 'conflict']);
    expect(api.queue.dispatched.size).toBe(1);
  });

  test('an unknown type: 404 that says which there are', async () => {
    for (const start of [{ type: 'nope' }, { type: 'report', version: 7 }]) {
      const { status, body } = await api.post('/v1/workflows', start);
      expect([status, body.code]).toEqual([404, 'unknown_type']);
      expect(body.detail).toContain('Registered: report (version 1).');
    }
  });

  test('params that do not fit, and a definition with problems: 422 with all of them and where they are', async () => {
    const wrongParams = await api.post('/v1/workflows', { type: 'report', params: {} });
    expect([wrongParams.status, wrongParams.body.code]).toEqual([422, 'invalid_workflow']);
    expect(wrongParams.body.problems).toEqual([expect.objectContaining({ path: expect.stringMatching(/^\/params/) })]);

    const cyclic = await api.post('/v1/workflows', { definition: { name: 'c', version: 1, nodes: [node('a', 'b'), node('b', 'a'), node('c', 'nobody')] } });
    expect([cyclic.status, cyclic.body.code]).toEqual([422, 'invalid_workflow']);
    expect(cyclic.body.problems?.length).toBeGreaterThanOrEqual(2);
    expect(cyclic.body.problems?.every(({ path }) => path.startsWith('/definition'))).toBe(true);
    expect(cyclic.body.detail).toMatch(/^The workflow is not right: \/definition.*\(and \d+ more\)\.$/);
  });

  test('a body of another shape: 400 with all problems', async () => {
    const { status, body } = await api.post('/v1/workflows', { type: 'report', version: 0, params: [], colour: 'red' });
    expect([status, body.code]).toEqual([400, 'invalid_request']);
    expect(body.problems?.map(({ path }) => path).toSorted()).toEqual(['', '/params', '/version']);
  });

  test('neither or both of type and definition: 400', async () => {
    for (const body of [{ params }, { type: 'report', definition: report }]) expect((await api.post('/v1/workflows', body)).status).toBe(400);
  });
});

describe('GET /v1/workflows/:id', () => {
  test('tells what waits, in the order of the definition', async () => {
    await startMonday();
    expect(await monday()).toMatchObject({
      workflow_id: 'monday',
      status: 'running',
      caller: 'anonymous@loopback',
      params,
      created_at: '2026-03-02T12:00:00.000Z',
      ended_at: null,
    });
    expect((await monday()).subtasks).toMatchObject([
      { subtask_id: 'fetch', capability: 'data.fetch', status: 'assigned', needs: [], assigned_to: null, attempts: 0 },
      { subtask_id: 'clean', capability: 'data.clean', status: 'pending', needs: ['fetch'], generation: null },
    ]);
  });

  test('tells what the queue knows of what runs: agent, attempt, progress, the next try', async () => {
    await startMonday();
    const taken = api.queue.take('data.fetch', 'data-agent-01');
    await taken?.progress({ percent: 40, message: 'parsing' });
    expect(await subtask('fetch')).toMatchObject({
      status: 'running',
      assigned_to: 'data-agent-01',
      attempts: 1,
      progress: { percent: 40, message: 'parsing' },
    });
    await taken?.retryLater('the disk is full', 2_000);
    expect(await subtask('fetch')).toMatchObject({
      status: 'retrying',
      attempts: 1,
      retry_at: new Date(noon + 2_000).toISOString(),
      error: { code: 'attempt_failed', message: 'the disk is full' },
    });
  });

  test('tells what was done, and the result', async () => {
    await startMonday();
    await api.completeNext();
    expect(await subtask('fetch')).toMatchObject({ status: 'completed', assigned_to: 'agent-01', attempts: 1, result: { uri: 'file:///sales.json' } });
    await api.completeNext();
    expect(await monday()).toMatchObject({ status: 'completed', result: { uri: 'file:///sales.json' }, error: null });
  });

  test.each(['nope', 'x'.repeat(150), 'no%20spaces', '..%2f..%2fetc'])('an unknown one (%s): 404', async (id) => {
    for (const path of ['', '/result', '/events']) {
      const { status, body } = await api.get(`/v1/workflows/${id}${path}`);
      expect([status, body.code]).toEqual([404, 'unknown_workflow']);
    }
  });
});

describe('GET /v1/workflows/:id/result', () => {
  test('202 while it runs, 200 when it has ended', async () => {
    await api.post('/v1/workflows', { workflow_id: 'monday', type: 'report', params });
    const running = await api.get('/v1/workflows/monday/result');
    expect([running.status, WorkflowResultView.parse(running.body)]).toEqual([202, { workflow_id: 'monday', status: 'running', error: null }]);
    await api.completeNext();
    await api.completeNext();
    const ended = await api.get('/v1/workflows/monday/result');
    expect([ended.status, ended.body]).toEqual([200, { workflow_id: 'monday', status: 'completed', result: { uri: 'file:///sales.json' }, error: null }]);
  });

  test('waits for the end, as long as it is told to', async () => {
    await api.post('/v1/workflows', { workflow_id: 'monday', type: 'report', params });
    const waiting = api.get('/v1/workflows/monday/result?wait=60s');
    await api.completeNext();
    await api.completeNext();
    expect((await waiting).status).toBe(200);
  });

  test('is answered at once when the process stops', async () => {
    const stopping = new AbortController();
    api = await memoryApi({ stopping: stopping.signal });
    await api.post('/v1/workflows', { workflow_id: 'monday', definition: report, params });
    const waiting = api.get('/v1/workflows/monday/result?wait=60s');
    stopping.abort();
    expect((await waiting).status).toBe(202);
  });

  test.each(['soon', '30', '61s', '60001ms', '-1s'])('refuses to wait %s', async (wait) => {
    const { status, body } = await api.get(`/v1/workflows/monday/result?wait=${wait}`);
    expect([status, body.code, body.problems?.[0]?.path]).toEqual([400, 'invalid_request', '/wait']);
  });
});

describe('GET /v1/workflows', () => {
  test('newest first, by status and type, in pages', async () => {
    for (const id of ['a', 'b', 'c']) await api.post('/v1/workflows', { workflow_id: id, type: 'report', params });
    const seen: string[] = [];
    let cursor: string | null | undefined;
    do {
      const { body } = await api.get(`/v1/workflows?limit=2&status=running&type=report${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ''}`);
      const page = WorkflowListView.parse(body);
      seen.push(...page.workflows.map(({ workflow_id }) => workflow_id));
      cursor = page.next_cursor;
    } while (cursor !== null);
    expect(seen.toSorted()).toEqual(['a', 'b', 'c']);
    expect((await api.get('/v1/workflows?status=failed')).body).toEqual({ workflows: [], next_cursor: null });
  });

  test.each(['limit=0', 'limit=201', 'limit=x', 'status=nope', 'colour=red', 'cursor='])('refuses ?%s', async (query) => {
    expect((await api.get(`/v1/workflows?${query}`)).body.code).toBe('invalid_request');
  });
});

test('GET /v1/workflows/:id/events: what was decided, page by page', async () => {
  await api.post('/v1/workflows', { workflow_id: 'monday', type: 'report', params });
  await api.completeNext();
  const first = EventListView.parse((await api.get('/v1/workflows/monday/events?limit=1')).body);
  expect(first.entries[0]?.events).toMatchObject([
    { type: 'workflow_started', at: '2026-03-02T12:00:00.000Z', caller: 'anonymous@loopback' },
    { type: 'subtask_assigned', subtask_id: 'fetch', capability: 'data.fetch' },
  ]);
  const rest = EventListView.parse((await api.get(`/v1/workflows/monday/events?after=${first.next_after}`)).body);
  expect(rest.entries.flatMap(({ events }) => events.map(({ type }) => type))).toEqual(['subtask_completed', 'subtask_assigned']);
  expect(rest.entries[0]?.events[0]).toMatchObject({ duration_ms: 0, agent: 'agent-01' });
  expect(rest.next_after).toBeNull();
});

describe('workflow types', () => {
  test('are registered once: 201, then 200; other content is a conflict: 409', async () => {
    const other = { ...report, version: 2 };
    const first = await api.post('/v1/workflow-types', other);
    expect([first.status, first.headers['location'], RegisterTypeView.parse(first.body).created]).toEqual([201, '/v1/workflow-types/report/2', true]);
    const again = await api.post('/v1/workflow-types', other);
    expect([again.status, again.body['created']]).toEqual([200, false]);
    const conflict = await api.post('/v1/workflow-types', { ...other, result: 1 });
    expect([conflict.status, conflict.body.code]).toEqual([409, 'conflict']);
    expect(WorkflowTypeListView.parse((await api.get('/v1/workflow-types')).body)).toEqual({
      types: [{ name: 'report', versions: [1, 2], active: 0, max_active: null }],
    });
  });

  test('can be limited, and what may not start now is told when to come again: 429', async () => {
    const limited = await api.put('/v1/workflow-types/report', { max_active: 1 });
    expect([limited.status, limited.body]).toEqual([200, { name: 'report', versions: [1], active: 0, max_active: 1 }]);
    expect((await api.post('/v1/workflows', { workflow_id: 'monday', type: 'report', params: { source: 'a' } })).status).toBe(201);
    for (const url of ['/v1/workflows', '/v1/workflows/monday/restart']) {
      const { status, headers, body } = await api.post(url, url === '/v1/workflows' ? { type: 'report', params: { source: 'b' } } : {});
      expect([status, headers['retry-after'], body.code, body.detail]).toEqual([
        429,
        '1',
        'admission_refused',
        expect.stringContaining('baton type limit report'),
      ]);
    }
    expect((await api.get('/v1/workflow-types/report/1')).body).toMatchObject({ active: 1, max_active: 1 });
    expect((await api.put('/v1/workflow-types/unheard_of', { max_active: null })).body).toEqual({
      name: 'unheard_of',
      versions: [],
      active: 0,
      max_active: null,
    });
    expect((await api.put('/v1/workflow-types/report', { max_active: 0 })).body).toMatchObject({
      code: 'invalid_request',
      problems: [{ path: '/max_active' }],
    });
    expect((await api.put('/v1/workflow-types/re%20port', { max_active: 1 })).body.code).toBe('invalid_request');
  });

  test('that are not right are refused with all their problems: 422', async () => {
    const { status, body } = await api.post('/v1/workflow-types', { name: 'x y', version: 0, nodes: [] });
    expect([status, body.code]).toEqual([422, 'invalid_workflow']);
    expect(body.problems?.map(({ path }) => path)).toEqual(expect.arrayContaining(['/name', '/version', '/nodes']));
  });

  test('can be read by version, or the latest', async () => {
    for (const version of ['1', 'latest']) {
      const { body } = await api.get(`/v1/workflow-types/report/${version}`);
      expect(WorkflowTypeView.parse(body)).toMatchObject({ name: 'report', version: 1, definition: { nodes: [{ id: 'fetch' }, { id: 'clean' }] } });
    }
    expect((await api.get('/v1/workflow-types/report/9')).body).toMatchObject({
      code: 'unknown_type',
      detail: expect.stringContaining('Registered: report (version 1).'),
    });
    expect((await api.get('/v1/workflow-types/report/x')).body.code).toBe('invalid_request');
  });
});
