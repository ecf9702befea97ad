/** What the test kit promises its users: faults do what they say, time is virtual, and people can be played. */
import type { DefinitionInput } from '@baton/core';
import { describe, expect, test } from 'vitest';
import { crash, duplicate, fail, garbage, slow } from './fault.ts';
import { mockAgent } from './mock-agent.ts';
import type { TestContext } from './test-agents.ts';
import { runWorkflow, startTestWorkflow } from './test-workflow.ts';

type Nodes = DefinitionInput['nodes'];
const define = (nodes: Nodes, more: Partial<DefinitionInput> = {}): DefinitionInput => ({ name: 'example', version: 1, nodes, ...more });
const retry = { attempts: 3, backoff_ms: 1_000, jitter: 0 };
const number = { type: 'object', properties: { n: { type: 'number' } }, required: ['n'] } as const;
const one = define([{ id: 'a', capability: 'work', retry, output: number }]);

describe('faults', () => {
  test('fail: so many calls throw, and backoff passes at once', async () => {
    const run = await runWorkflow(one, { agents: { work: () => ({ n: 1 }) }, faults: { work: fail(2) } });
    expect(run).toMatchObject({ status: 'completed', result: { a: { n: 1 } }, elapsedMs: 3_000 });
    expect(run.calls('work').map(({ attempt }) => attempt)).toEqual([1, 2, 3]);
  });

  test('fail always: the subtask fails when the attempts are used up', async () => {
    const run = await runWorkflow(one, { agents: { work: () => ({ n: 1 }) }, faults: { work: fail('always', 'SOURCE_DOWN') } });
    expect(run).toMatchObject({ status: 'failed', error: { details: { code: 'SOURCE_DOWN' } } });
    expect(run.calls('work')).toHaveLength(3);
  });

  test('slow: takes virtual time, and too long is a failed attempt', async () => {
    const definition = define([{ id: 'a', capability: 'work', retry: { ...retry, attempts: 2 }, attempt_timeout_ms: 5_000 }]);
    const agents = { work: () => 1 };
    expect(await runWorkflow(definition, { agents, faults: { work: slow(4_000) } })).toMatchObject({ status: 'completed', elapsedMs: 4_000 });
    expect(await runWorkflow(definition, { agents, faults: { work: slow(6_000) } })).toMatchObject({
      status: 'failed',
      error: { details: { code: 'ATTEMPT_TIMEOUT' } },
      elapsedMs: 11_000,
    });
  });

  test('garbage: what does not fit goes back for repair', async () => {
    const definition = define([{ id: 'a', capability: 'work', output: number, repairs: 1 }]);
    const run = await runWorkflow(definition, { agents: { work: () => ({ n: 1 }) }, faults: { work: garbage({ n: 'seven' }) } });
    expect(run.error).toMatchObject({ details: { code: 'INVALID_OUTPUT' } });
    expect(run.calls('work')).toHaveLength(2);
  });

  test('duplicate: the second reply changes nothing', async () => {
    const agents = { work: () => ({ n: 1 }) };
    const [plain, twice] = [await runWorkflow(one, { agents }), await runWorkflow(one, { agents, faults: { work: duplicate() } })];
    expect(twice.events).toEqual(plain.events);
  });

  test('crash: another agent gets the job, at the same attempt; one that kills them all is given up', async () => {
    const agents = { work: () => ({ n: 1 }) };
    const run = await runWorkflow(one, { agents, faults: { work: crash(2) } });
    expect(run).toMatchObject({ status: 'completed', subtasks: { a: { execution: { attempt: 1 } } }, elapsedMs: 60_000 });
    expect(await runWorkflow(one, { agents, faults: { work: crash(9) } })).toMatchObject({ status: 'failed', error: { details: { code: 'AGENT_LOST' } } });
  });

  test('they add up', async () => {
    const run = await runWorkflow(one, { agents: { work: () => ({ n: 1 }) }, faults: { work: [fail(1), slow(500)] } });
    expect(run).toMatchObject({ status: 'completed', elapsedMs: 2_000 });
  });
});

describe('agents', () => {
  test('see what a handler of the worker kit sees', async () => {
    const agents = {
      work: (_: object, { attempt, repair, idempotencyKey, subtaskId }: { attempt: number; repair: unknown; idempotencyKey: string; subtaskId: string }) => ({
        n: 1,
        attempt,
        repair,
        idempotencyKey,
        subtaskId,
      }),
    };
    expect((await runWorkflow(one, { agents })).result).toEqual({ a: { n: 1, attempt: 1, repair: null, idempotencyKey: 'test~a~0', subtaskId: 'a' } });
  });

  test('have an effect once in all attempts of a dispatch, and get what it came to as JSON; what it throws is not kept', async () => {
    const log: string[] = [];
    const agents = {
      work: async (_: object, { attempt, once, idempotencyKey }: TestContext) => {
        const failing = once('flaky', () => (attempt === 1 ? Promise.reject(new Error('no answer')) : attempt)).catch(() => 'failed');
        log.push(`${attempt} ${JSON.stringify([await once('at', () => new Date(attempt)), await failing, await once('nothing', () => {})])}`);
        if (attempt < 3) throw new Error('too early');
        return { n: 1, key: idempotencyKey };
      },
    };
    expect((await runWorkflow(one, { agents })).status).toBe('completed');
    expect(log).toEqual(['"failed"', '2', '2'].map((flaky, index) => `${index + 1} ["1970-01-01T00:00:00.001Z",${flaky},null]`));
  });

  test('errors mean what they mean to the worker kit, by name', async () => {
    const named =
      (name: string, more: object = {}) =>
      () => {
        throw Object.assign(new Error('No.'), { name, ...more });
      };
    const final = await runWorkflow(one, { agents: { work: named('NonRetryableError', { code: 'NO_SUCH_FILE' }) } });
    expect(final.error).toMatchObject({ details: { code: 'NO_SUCH_FILE' } });
    expect(final.calls('work')).toHaveLength(1);
    const later = await runWorkflow(one, { agents: { work: named('RetryAfterError', { retryAfterMs: 7_000 }) } });
    expect(later.elapsedMs).toBe(14_000);
    const busy = mockAgent()
      .returns(named('AgentOverloadedError', { retryAfterMs: 20_000 }))
      .returns({ n: 1 });
    expect(await runWorkflow(one, { agents: { work: busy } })).toMatchObject({
      status: 'completed',
      elapsedMs: 20_000,
      subtasks: { a: { execution: { attempt: 1 } } },
    });
  });

  test('a capability that nobody was named for is an error of the test; null is nobody', async () => {
    await expect(runWorkflow(one, { agents: { wrok: () => 1 } })).rejects.toThrow(/No agent serves "work"/);
    const alone = define([{ id: 'a', capability: 'work', ttl_ms: 5_000, fallback: ['backup'] }]);
    expect(await runWorkflow(alone, { agents: { work: null, backup: () => 'saved' } })).toMatchObject({ result: { a: 'saved' }, elapsedMs: 5_000 });
  });

  test('a mock goes through its script and stays with the last of it', async () => {
    const mock = mockAgent().returns({ n: 1 }).fails({ times: 2, code: 'BROKEN' }).returns({ n: 2 });
    const definition = define([
      { id: 'a', capability: 'work', retry },
      { id: 'b', capability: 'work', retry, needs: ['a'] },
      { id: 'c', capability: 'work', retry, needs: ['b'] },
    ]);
    expect(await runWorkflow(definition, { agents: { work: mock } })).toMatchObject({
      subtasks: { a: { result: { n: 1 } }, b: { result: { n: 2 } }, c: { result: { n: 2 } } },
    });
    expect(mock.calls).toHaveLength(5);
    const final = mockAgent().fails({ retryable: false });
    await runWorkflow(one, { agents: { work: final } });
    expect(final.calls).toHaveLength(1);
  });
});

describe('a workflow that is driven', () => {
  const review = define([
    { id: 'draft', capability: 'work' },
    { id: 'review', kind: 'approval', needs: ['draft'], approvers: ['ann', 'bob'], required: 2, timeout_ms: 60_000, params: { value: '$steps.draft' } },
    { id: 'wait', kind: 'sleep', for_ms: 86_000_000, needs: ['review'] },
    { id: 'go', kind: 'signal', signal: 'go', needs: ['wait'] },
  ]);
  const agents = { work: () => 'text' };

  test('stops where people are needed, and goes on when they have answered', async () => {
    const workflow = await startTestWorkflow(review, { agents });
    expect(await workflow.settle()).toMatchObject({ status: 'waiting', elapsedMs: 0 });
    expect(await workflow.why()).toContainEqual(expect.objectContaining({ subtaskId: 'review' }));
    expect(await workflow.approve('review')).toMatchObject({ outcome: 'applied' });
    expect(await workflow.approve('review', { value: 'better' })).toMatchObject({ outcome: 'applied' });
    expect(await workflow.settle()).toMatchObject({ status: 'waiting', subtasks: { review: { result: { value: 'better' } }, wait: { status: 'completed' } } });
    await workflow.signal('go', { ok: true });
    expect(await workflow.end()).toMatchObject({ status: 'completed', result: { go: { ok: true } }, elapsedMs: 86_000_000 });
  });

  test('answers and signals can be scripted', async () => {
    const script = { agents, signals: { go: 1 } };
    expect(await runWorkflow(review, { ...script, answers: { review: [{ by: 'bob' }, { by: 'ann' }] } })).toMatchObject({
      status: 'completed',
      result: { go: 1 },
    });
    expect(await runWorkflow(review, { ...script, answers: { review: { decision: 'reject' } } })).toMatchObject({
      status: 'failed',
      error: { details: { code: 'APPROVAL_REJECTED' } },
    });
    expect(await runWorkflow(review, script)).toMatchObject({ status: 'failed', error: { details: { code: 'EXPIRED' } }, elapsedMs: 60_000 });
  });

  test('is paused, resumed, cancelled and done again', async () => {
    const two = define([
      { id: 'a', capability: 'work' },
      { id: 'b', capability: 'work', needs: ['a'] },
    ]);
    const workflow = await startTestWorkflow(two, { agents: { work: mockAgent().returns(1) } });
    await workflow.pause();
    expect(await workflow.settle()).toMatchObject({ status: 'paused', order: [] });
    await expect(workflow.end()).rejects.toThrow(/nothing will ever happen/);
    await workflow.resume();
    expect(await workflow.end()).toMatchObject({ status: 'completed', order: ['a', 'b'] });
    await workflow.rerun('b');
    expect(await workflow.end()).toMatchObject({ status: 'completed', order: ['a', 'b', 'b'] });
    expect(await workflow.cancel()).toMatchObject({ outcome: 'refused' });
  });

  test('advance: so much time and no more', async () => {
    const workflow = await startTestWorkflow(define([{ id: 'a', kind: 'sleep', for_ms: 10_000 }]));
    expect((await workflow.advance(9_999)).status).toBe('waiting');
    expect((await workflow.advance(1)).status).toBe('completed');
  });

  test('the same again from the failed step', async () => {
    const workflow = await startTestWorkflow(one, { agents: { work: mockAgent().fails({ retryable: false }).returns({ n: 1 }) } });
    expect((await workflow.end()).status).toBe('failed');
    await workflow.retry();
    expect((await workflow.end()).status).toBe('completed');
  });
});

test('steps may be workflows, and their approvals are answered like any other', async () => {
  const child = define(
    [
      { id: 'ok', kind: 'approval' },
      { id: 'work', capability: 'work', needs: ['ok'] },
    ],
    { name: 'child' },
  );
  const parent = define([{ id: 'sub', kind: 'workflow', type: 'child' }]);
  const options = { types: [child], agents: { work: () => 'done' } };
  expect(await runWorkflow(parent, { ...options, answers: { ok: {} } })).toMatchObject({ status: 'completed', result: { sub: { work: 'done' } } });
  const workflow = await startTestWorkflow(parent, options);
  expect((await workflow.settle()).status).toBe('running');
  expect(await workflow.approve('ok')).toMatchObject({ outcome: 'applied' });
  expect((await workflow.end()).status).toBe('completed');
});

test('a definition or params that are wrong are refused with every reason', async () => {
  await expect(runWorkflow(define([{ id: 'a', capability: 'work', needs: ['b'] }]))).rejects.toThrow(/there is no such node/);
  await expect(runWorkflow({ ...one, input: { type: 'object', required: ['x'] } })).rejects.toThrow(/params/);
});

describe('trees', () => {
  const chain = define([
    { id: 'load', capability: 'load', output: { type: 'object', properties: { rows: { type: 'array' }, note: {} } } },
    { id: 'clean', capability: 'clean', params: { rows: '$steps.load.rows', note: '$steps.load.note?' }, retry },
    { id: 'draw', capability: 'draw', params: { all: '$previous_result' }, needs: ['clean'] },
  ]);
  const agents = {
    load: () => ({ rows: [1, 2] }),
    clean: ({ rows, ...others }: { rows: number[] }) => ({ rows: rows.length, others }),
    draw: ({ all }: { all: object }) => ({ drawn: all }),
  };

  test.each<[what: string, faults: Parameters<typeof runWorkflow>[1]]>([
    ['nothing happens', {}],
    ['one is tried again', { faults: { clean: fail(2) } }],
    ['one is left alone', { faults: { clean: crash(2) } }],
    ['one fails', { faults: { load: fail('always') } }],
    ['everybody is slow', { faults: { load: slow(10), clean: slow(500), draw: slow(20) } }],
    ['everybody answers twice', { faults: { load: duplicate(), clean: duplicate(), draw: duplicate() } }],
  ])('make no difference to what is recorded: %s', async (_what, options) => {
    const [together, alone] = [await runWorkflow(chain, { agents, ...options }), await runWorkflow(chain, { agents, ...options, trees: false })];
    expect(together.events).toEqual(alone.events);
    expect(together).toMatchObject({ status: alone.status, result: alone.result, order: alone.order, elapsedMs: alone.elapsedMs });
  });

  test('what was made of something that did not fit is made again', async () => {
    let loads = 0;
    const load = () => ({ rows: (loads += 1) === 1 ? 'no list' : [1, 2] });
    const repaired = { ...chain, nodes: chain.nodes.map((node) => ({ ...node, repairs: 1 })) as Nodes };
    const run = await runWorkflow(repaired, { agents: { ...agents, load } });
    expect(run).toMatchObject({ status: 'completed', result: { draw: { drawn: { rows: 2 } } } });
    expect(run.calls('clean').map(({ input }) => input)).toEqual([{ rows: 'no list' }, { rows: [1, 2] }]);
  });
});
