/** The routes by which people and other systems act on workflows, on the memory ports. */
import { controlRules } from '@baton/core';
import {
  ApprovalListView,
  CapabilityListView,
  CapabilityView,
  ControlView,
  EventListView,
  ProblemBody,
  StartWorkflowView,
  WhyView,
  WorkflowView,
} from '@baton/protocol';
import { beforeEach, describe, expect, test } from 'vitest';
import { type MemoryApi, memoryApi, noon, report, responseOf } from './fixture/memory-api.ts';

const params = { source: 'sales.csv' };
const at = '/v1/workflows/monday';
let api: MemoryApi;

async function start(definition: object = report, more: object = {}): Promise<void> {
  const { status, body } = await api.post('/v1/workflows', { workflow_id: 'monday', definition, params, ...more });
  if (status !== 201) throw new Error(JSON.stringify(body));
}
const nodes = (...list: object[]) => ({ name: 'own', version: 1, nodes: list });
const task = (id: string, more: object = {}) => ({ id, capability: 'data.fetch', retry: { attempts: 1 }, ...more });
const view = async (query = '') => WorkflowView.parse((await api.get(`${at}${query}`)).body);
const subtask = async (id: string) => (await view()).subtasks.find(({ subtask_id }) => subtask_id === id);
const control = async (name: string, body: object = {}) => await api.post(`${at}/${name}`, body);
const events = async () => EventListView.parse((await api.get(`${at}/events`)).body).entries.flatMap((entry) => entry.events);

beforeEach(async () => {
  api = await memoryApi();
});

describe('POST /v1/workflows/:id/…', () => {
  test('pause and resume: once applied, then unchanged; recorded with who asked', async () => {
    await start();
    const paused = await control('pause');
    expect(paused.status).toBe(200);
    expect(ControlView.parse(paused.body)).toEqual({ workflow_id: 'monday', status: 'paused', outcome: 'applied' });
    expect(await control('pause')).toMatchObject({ status: 200, body: { status: 'paused', outcome: 'unchanged', message: 'The workflow is paused.' } });
    expect((await view()).paused).toEqual({ at: new Date(noon).toISOString(), by: 'anonymous@loopback' });
    await api.completeNext();
    expect(await subtask('clean')).toMatchObject({ status: 'pending' });
    expect(await control('resume')).toMatchObject({ status: 200, body: { status: 'running', outcome: 'applied' } });
    expect(await control('resume')).toMatchObject({ body: { outcome: 'unchanged' } });
    expect(await subtask('clean')).toMatchObject({ status: 'assigned' });
    expect(await events()).toContainEqual(expect.objectContaining({ type: 'workflow_paused', by: 'anonymous@loopback' }));
  });

  test('what a state does not allow is refused: 409 with the states that would', async () => {
    await start();
    await api.completeNext();
    await api.completeNext();
    for (const action of ['pause', 'resume', 'cancel', 'terminate', 'retry'] as const) {
      const { status, type, body } = await control(action);
      expect([action, status, type]).toEqual([action, 409, expect.stringContaining('application/problem+json')]);
      expect(ProblemBody.parse(body)).toMatchObject({ code: 'refused', workflow_status: 'completed', allowed_in: controlRules[action].from });
      expect(body.detail).toContain(`cannot be asked to ${action}`);
    }
  });

  test('cancel with the grace that was given, or ten seconds; terminate with none', async () => {
    await start();
    expect(await control('cancel', { grace_ms: 500 })).toMatchObject({ status: 200, body: { status: 'cancelled', outcome: 'applied' } });
    expect(await events()).toContainEqual(expect.objectContaining({ type: 'workflow_cancelled', grace_ms: 500 }));
    expect(await view()).toMatchObject({ status: 'cancelled', error: { code: 'CANCELLED' } });
    for (const [id, action, grace_ms] of [
      ['tuesday', 'cancel', 10_000],
      ['friday', 'terminate', 0],
    ] as const) {
      await api.post('/v1/workflows', { workflow_id: id, definition: report, params });
      expect(await api.post(`/v1/workflows/${id}/${action}`, {})).toMatchObject({ status: 200, body: { status: 'cancelled' } });
      const { entries } = EventListView.parse((await api.get(`/v1/workflows/${id}/events`)).body);
      expect(entries.at(-1)?.events).toContainEqual(expect.objectContaining({ type: 'workflow_cancelled', grace_ms }));
    }
  });

  test('retry goes on from what failed; rerun does a step and what depends on it anew', async () => {
    await start();
    await api.completeNext();
    await api.failNext();
    expect(await view()).toMatchObject({ status: 'failed' });
    expect(await control('retry')).toMatchObject({ status: 200, body: { status: 'running', outcome: 'applied' } });
    expect((await view()).subtasks).toMatchObject([{ status: 'completed' }, { status: 'assigned', generation: 1 }]);
    await api.completeNext();
    expect(await control('rerun', { from: 'nobody' })).toMatchObject({
      status: 409,
      body: { code: 'refused', detail: expect.stringContaining('there are: fetch, clean') },
    });
    expect((await control('rerun', { from: 'nobody' })).body).not.toHaveProperty('allowed_in');
    expect(await control('rerun', { from: 'fetch' })).toMatchObject({ status: 200, body: { status: 'running' } });
    expect((await view()).subtasks).toMatchObject([{ status: 'assigned', generation: 1 }, { status: 'pending' }]);
  });

  test('restart: another workflow that says where it comes from, idempotent by its id', async () => {
    await start();
    const { status, headers, body } = await control('restart', { workflow_id: 'monday-2' });
    expect([status, headers['location']]).toEqual([201, '/v1/workflows/monday-2']);
    expect(ControlView.parse(body)).toEqual({ workflow_id: 'monday-2', status: 'running', outcome: 'applied' });
    expect(await control('restart', { workflow_id: 'monday-2' })).toMatchObject({ status: 200, body: { outcome: 'unchanged' } });
    expect(WorkflowView.parse((await api.get('/v1/workflows/monday-2')).body)).toMatchObject({ restart_of: 'monday', params });
    expect((await control('restart')).body['workflow_id']).toMatch(/^wf_/);
    expect(await control('restart', { workflow_id: 'no spaces' })).toMatchObject({ status: 422, body: { code: 'invalid_workflow' } });
  });

  test('works without a body, and refuses one that it does not know', async () => {
    await start();
    expect(responseOf(await api.app.inject({ method: 'POST', url: `${at}/pause` }))).toMatchObject({ status: 200, body: { outcome: 'applied' } });
    for (const [name, body] of [
      ['pause', { by: 'me' }],
      ['cancel', { grace_ms: -1 }],
      ['rerun', {}],
      ['restart', { id: 'x' }],
    ] as const) {
      expect([name, (await control(name, body)).body.code]).toEqual([name, 'invalid_request']);
    }
  });

  test.each(['pause', 'resume', 'cancel', 'terminate', 'retry', 'restart', 'signals/go'])('%s of an unknown workflow: 404', async (name) => {
    for (const id of ['nope', 'no%20spaces'])
      expect(await api.post(`/v1/workflows/${id}/${name}`, {})).toMatchObject({ status: 404, body: { code: 'unknown_workflow' } });
  });

  test('a page from elsewhere changes nothing', async () => {
    await start();
    for (const origin of ['https://evil.example', 'null']) {
      const response = responseOf(await api.app.inject({ method: 'POST', url: `${at}/terminate`, headers: { origin } }));
      expect(response).toMatchObject({ status: 403, body: { code: 'cross_origin' } });
    }
    expect((await view()).status).toBe('running');
    const own = responseOf(await api.app.inject({ method: 'POST', url: `${at}/pause`, headers: { origin: 'http://localhost:5173' } }));
    expect(own.status).toBe(200);
  });
});

describe('signals', () => {
  const waiting = nodes({ id: 'go', kind: 'signal', signal: 'go' }, { id: 'again', kind: 'signal', signal: 'go', needs: ['go'] });
  const signal = (body: object, headers = {}) => api.app.inject({ method: 'POST', url: `${at}/signals/go`, headers, body }).then(responseOf);

  test('wake what waits for them; the payload is its result', async () => {
    await start(waiting);
    expect(await view()).toMatchObject({
      status: 'waiting',
      subtasks: [{ kind: 'signal', capability: null, status: 'waiting', waiting_for: { kind: 'signal', signal: 'go' } }, {}],
    });
    expect(await signal({ payload: { ok: true }, id: 's1' })).toMatchObject({ status: 200, body: { outcome: 'applied' } });
    expect(await subtask('go')).toMatchObject({ status: 'completed', result: { ok: true } });
  });

  test('one that comes early is kept; the same id is the same signal, in the body or as Idempotency-Key', async () => {
    await start(nodes(task('first'), { id: 'go', kind: 'signal', signal: 'go', needs: ['first'] }));
    expect(await signal({ payload: 1, id: 's1' })).toMatchObject({ body: { outcome: 'applied', message: 'It came early and is kept.' } });
    expect(await signal({ payload: 1 }, { 'idempotency-key': 's1' })).toMatchObject({ body: { outcome: 'unchanged' } });
    await api.completeNext();
    expect(await view()).toMatchObject({ status: 'completed', result: { go: 1 } });
    expect(await signal({})).toMatchObject({ status: 409, body: { code: 'refused', workflow_status: 'completed' } });
  });

  test('a name that nobody could have written: 400', async () => {
    await start(waiting);
    expect((await api.post(`${at}/signals/no%20spaces`, {})).body.code).toBe('invalid_request');
    expect((await signal({}, { 'idempotency-key': 'x'.repeat(200) })).body.code).toBe('invalid_request');
  });
});

describe('approvals', () => {
  const ask = { id: 'ok', kind: 'approval', approvers: ['ana', 'bo'], required: 2, params: { value: '$params.source' } };
  const approvals = async () => ApprovalListView.parse((await api.get(`${at}/approvals`)).body).approvals;
  const answer = async (approver: string, body: object = {}, id = 'ok') => {
    const token = (await approvals()).find(({ subtask_id }) => subtask_id === id)?.tokens?.[approver] ?? 'none';
    return await api.post(`${at}/approvals/${encodeURIComponent(id)}`, { decision: 'approve', approver, token, ...body });
  };

  test('are listed with what to judge, who may, and their tokens; the workflow shows them without', async () => {
    await start(nodes(ask));
    const [approval] = await approvals();
    expect(approval).toMatchObject({
      subtask_id: 'ok',
      shown: { value: 'sales.csv' },
      approvers: ['ana', 'bo'],
      required: 2,
      answers: [],
      requested_at: new Date(noon).toISOString(),
    });
    expect(Object.keys(approval?.tokens ?? {})).toEqual(['ana', 'bo']);
    expect((await view()).approvals).toMatchObject([{ subtask_id: 'ok' }]);
    expect((await view()).approvals?.[0]).not.toHaveProperty('tokens');
    expect(await api.get('/v1/workflows/nope/approvals')).toMatchObject({ status: 404 });
  });

  test('n of m answers decide; an edit is the value; the same answer twice is one; a wrong token is refused', async () => {
    await start(nodes(ask, task('after', { needs: ['ok'] })));
    const [ana] = await approvals();
    expect(await answer('bo', { token: ana?.tokens?.['ana'] })).toMatchObject({
      status: 409,
      body: { code: 'refused', detail: expect.stringContaining('token') },
    });
    expect(await answer('ana', { value: 'edited.csv', comment: 'better' })).toMatchObject({ status: 200, body: { outcome: 'applied', status: 'waiting' } });
    expect(await answer('ana')).toMatchObject({ status: 200, body: { outcome: 'unchanged' } });
    expect((await approvals())[0]?.answers).toEqual([{ by: 'ana', decision: 'approve', comment: 'better', at: new Date(noon).toISOString() }]);
    expect(await answer('bo')).toMatchObject({ status: 200, body: { status: 'running' } });
    expect(await subtask('ok')).toMatchObject({ status: 'completed', result: { approved: true, value: 'edited.csv' } });
  });

  test('an answer that comes early is kept', async () => {
    await start(nodes(task('first'), { ...ask, approvers: [], required: 1, needs: ['first'] }));
    expect(await approvals()).toMatchObject([{ subtask_id: 'ok', requested_at: null, expires_at: null, tokens: { '*': expect.any(String) } }]);
    const token = (await approvals())[0]?.tokens?.['*'];
    expect(await answer('anybody', { token })).toMatchObject({ status: 200, body: { outcome: 'applied', message: 'It came early and is kept.' } });
    await api.completeNext();
    expect(await subtask('ok')).toMatchObject({ status: 'completed', result: { approved: true } });
  });

  test('a rejection is the failure that the definition says', async () => {
    await start(nodes(ask));
    expect(await answer('ana', { decision: 'reject', comment: 'no' })).toMatchObject({ status: 200, body: { outcome: 'applied', status: 'failed' } });
    expect(await subtask('ok')).toMatchObject({ status: 'failed_permanent', error: { code: 'APPROVAL_REJECTED', message: 'Rejected by ana (no).' } });
    expect(await answer('bo')).toMatchObject({ status: 409, body: { code: 'refused' } });
  });

  test('of parts too: the id with its slash comes percent-encoded', async () => {
    await start(nodes({ id: 'plan', kind: 'plan', capability: 'data.plan', allow: ['*'], retry: { attempts: 1 } }));
    await api.completeNext({ nodes: [{ id: 'ok', kind: 'approval', approvers: ['ana'] }] });
    expect(await approvals()).toMatchObject([{ subtask_id: 'plan/ok' }]);
    expect(await answer('ana', {}, 'plan/ok')).toMatchObject({ status: 200, body: { outcome: 'applied' } });
    expect(await subtask('plan/ok')).toMatchObject({ status: 'completed', part_of: 'plan', kind: 'approval' });
  });

  test('a body that says too little: 400 with everything that is missing', async () => {
    await start(nodes(ask));
    const { status, body } = await api.post(`${at}/approvals/ok`, {});
    expect([status, body.code, body.problems?.map(({ path }) => path)]).toEqual([400, 'invalid_request', ['/decision', '/approver', '/token']]);
  });
});

test('GET /v1/workflows/:id/why: one reason for each subtask that has not ended', async () => {
  await start(
    nodes(task('first'), task('other', { capability: 'data.clean' }), { id: 'nap', kind: 'sleep', for_ms: 60_000 }, task('last', { needs: ['first'] })),
  );
  api.queue.serve('data.clean', 0);
  api.queue.take('data.fetch', 'agent-01');
  const why = WhyView.parse((await api.get(`${at}/why`)).body);
  expect(why).toMatchObject({ workflow_id: 'monday', status: 'running' });
  expect(why.reasons.map(({ subtask_id, reason }) => [subtask_id, reason])).toEqual([
    ['first', 'running'],
    ['other', 'no_agent'],
    ['nap', 'sleeping'],
    ['last', 'deps'],
  ]);
  expect(why.reasons[0]).toMatchObject({ facts: { agent: 'agent-01', attempt: 1 } });
  expect(why.reasons[3]).toMatchObject({ facts: { deps: ['first'] }, message: 'waits for first' });
  await control('terminate');
  expect((await api.get(`${at}/why`)).body).toMatchObject({ status: 'cancelled', reasons: [] });
  expect((await api.get('/v1/workflows/nope/why')).status).toBe(404);
});

describe('capabilities', () => {
  test('are listed by name, with their agents and what waits', async () => {
    await start();
    api.queue.serve('data.fetch', 3);
    expect(CapabilityListView.parse((await api.get('/v1/capabilities')).body)).toEqual({
      capabilities: [
        { name: 'data.clean', agents: 1, queued: 0, active: 0, concurrency: null },
        { name: 'data.fetch', agents: 3, queued: 1, active: 0, concurrency: null },
      ],
    });
  });

  test('are limited, and set free again', async () => {
    expect(CapabilityView.parse((await api.put('/v1/capabilities/data.fetch', { concurrency: 2 })).body)).toMatchObject({ name: 'data.fetch', concurrency: 2 });
    expect((await api.put('/v1/capabilities/data.fetch', { concurrency: null })).body).toMatchObject({ concurrency: null });
    for (const concurrency of [0, 1.5, 'x', undefined]) expect(await api.put('/v1/capabilities/data.fetch', { concurrency })).toMatchObject({ status: 400 });
    expect(await api.put('/v1/capabilities/no%20spaces', { concurrency: 1 })).toMatchObject({ status: 400 });
  });
});

test('a start within a conversation', async () => {
  const { body } = await api.post('/v1/workflows', { definition: report, params, conversation_id: 'c1' });
  const { workflow_id } = StartWorkflowView.parse(body);
  expect((await api.get(`/v1/workflows/${workflow_id}`)).body).toMatchObject({ conversation_id: 'c1' });
});
