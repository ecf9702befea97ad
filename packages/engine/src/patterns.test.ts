/** What the engine does around core's decisions: children, approvals with tokens, signals, control, why. On the memory ports. */
import { createHmac } from 'node:crypto';
import type { Json, NodeInput } from '@baton/core';
import { describe, expect, it } from 'vitest';
import { type Bench, createBench, partitions, settleAll, turn, work } from './engine-under-test.ts';
import { outboxGraceMs } from './index.ts';

const minute = 60_000;
const task = (id: string, rest: object = {}): NodeInput => ({ id, capability: 'test.work', ...rest });
const definition = (nodes: readonly NodeInput[], rest: object = {}) => ({ name: 'flow', version: 1, nodes, ...rest }) as unknown as Json;

async function start(bench: Bench, nodes: readonly NodeInput[], rest: object = {}, request: object = {}): Promise<void> {
  const outcome = await bench.engine.start({ workflowId: 'wf', definition: definition(nodes, rest), params: {}, caller: 'ann', ...request });
  expect(outcome).toMatchObject({ status: 'created' });
}

async function stateOf({ store }: Bench, id = 'wf') {
  return (await store.summary(id))?.state;
}

describe('a workflow as a step', () => {
  const child = { name: 'child', version: 1, input: { type: 'object', properties: { n: { type: 'number' } }, required: ['n'] }, nodes: [task('inner')] };
  const step: NodeInput = { id: 'sub', kind: 'workflow', type: 'child', params: { n: 1 } };

  it('has an id of its own, and its end is the reply', async () => {
    const bench = createBench();
    await bench.engine.register(child);
    await start(bench, [step, task('after', { params: { got: '$steps.sub.inner' } })]);
    expect(await stateOf(bench, 'wf.sub')).toMatchObject({ status: 'running' });
    await turn(bench, 42);
    expect(await stateOf(bench, 'wf.sub')).toMatchObject({ status: 'completed' });
    expect(bench.queue.take()?.assignment.payload.parameters).toEqual({ got: 42 });
  });

  it('fails the step where it fails, cannot be started, or does not exist', async () => {
    const bench = createBench();
    await start(bench, [step]);
    expect(await stateOf(bench)).toMatchObject({ status: 'failed', error: { message: expect.stringContaining('no workflow type child') } });
    const other = createBench();
    await other.engine.register(child);
    await start(other, [{ ...step, params: { n: 'x' } }]);
    expect(await stateOf(other)).toMatchObject({ status: 'failed', error: { details: { code: 'CHILD_REFUSED' } } });
  });

  it('is found by reconciliation when nobody started it, or nobody told of its end', async () => {
    const bench = createBench();
    await bench.engine.register(child);
    const { findType } = bench.store;
    Object.assign(bench.store, { findType: async () => Promise.reject(new Error('no connection')) });
    await start(bench, [step]);
    expect(bench.warnings).toEqual(['child_not_started']);
    Object.assign(bench.store, { findType });
    bench.clock.advance(outboxGraceMs + 1);
    await bench.engine.tick(partitions);
    await work(bench, 1);
    await bench.engine.settle((await bench.reader.read(0)).flatMap(({ report }) => report ?? []));
    // The child's reply is in the stream, and nobody reads it.
    expect(await stateOf(bench, 'wf.sub')).toMatchObject({ status: 'completed' });
    bench.clock.advance(minute);
    await bench.engine.tick(partitions);
    expect(await stateOf(bench)).toMatchObject({ status: 'completed' });
  });

  it('is paused, resumed and cancelled with the one above', async () => {
    const bench = createBench();
    await bench.engine.register(child);
    await start(bench, [step]);
    await bench.engine.control('wf', { action: 'pause' }, 'bob');
    expect(await stateOf(bench, 'wf.sub')).toMatchObject({ status: 'paused', by: 'parent: bob' });
    await bench.engine.control('wf', { action: 'resume' }, 'bob');
    expect(await stateOf(bench, 'wf.sub')).toMatchObject({ status: 'running' });
    await bench.engine.control('wf', { action: 'cancel', graceMs: 100 }, 'bob');
    expect(await stateOf(bench, 'wf.sub')).toMatchObject({ status: 'cancelled' });
  });

  it('ends on its own when the one above is gone and could not tell', async () => {
    const bench = createBench();
    await bench.engine.register(child);
    await start(bench, [step, task('other')]);
    const { commit } = bench.store;
    Object.assign(bench.store, {
      commit: async (commits: Parameters<typeof commit>[0]) =>
        commits.some(({ workflow }) => workflow.header.id === 'wf.sub') ? Promise.reject(new Error('no connection')) : commit(commits),
    });
    await bench.engine.control('wf', { action: 'terminate' }, 'bob');
    Object.assign(bench.store, { commit });
    expect(bench.warnings).toContain('child_not_controlled');
    expect(await stateOf(bench, 'wf.sub')).toMatchObject({ status: 'running' });
    bench.clock.advance(minute);
    await bench.engine.tick(partitions);
    expect(await stateOf(bench, 'wf.sub')).toMatchObject({ status: 'cancelled' });
  });
});

describe('an approval', () => {
  const approval: NodeInput = {
    id: 'ok',
    kind: 'approval',
    params: { value: 'draft' },
    approvers: ['ann', 'bob', 'cyd'],
    required: 2,
    webhook: 'http://127.0.0.1:1/hook',
  };

  it('takes an answer with its own token only, and each approver once', async () => {
    const bench = createBench();
    await start(bench, [approval, task('after', { params: { text: '$steps.ok.value' } })]);
    expect(await stateOf(bench)).toMatchObject({ status: 'waiting' });
    const [open] = (await bench.engine.approvals('wf')) ?? [];
    const answer = (by: string, token = open?.tokens[by] ?? '', rest = {}) => bench.engine.answer('wf', 'ok', { by, decision: 'approve', token, ...rest });
    expect(await answer('ann', 'guess')).toMatchObject({ outcome: 'refused' });
    expect(await answer('ann', open?.tokens['bob'])).toMatchObject({ outcome: 'refused' });
    expect(await answer('ann')).toMatchObject({ outcome: 'applied', workflowStatus: 'waiting' });
    expect(await answer('ann')).toMatchObject({ outcome: 'unchanged' });
    expect(await answer('cyd', undefined, { value: 'edited' })).toMatchObject({ outcome: 'applied', workflowStatus: 'running' });
    expect(await answer('bob')).toMatchObject({ outcome: 'refused' });
    expect(bench.queue.take()?.assignment.payload.parameters).toEqual({ text: 'edited' });
  });

  it('keeps an answer that comes early', async () => {
    const bench = createBench();
    await start(bench, [task('first'), { ...approval, needs: ['first'], required: 1 }]);
    const [open] = (await bench.engine.approvals('wf')) ?? [];
    expect(open).toMatchObject({ isWaiting: false });
    expect(await bench.engine.answer('wf', 'ok', { by: 'bob', decision: 'approve', token: open?.tokens['bob'] ?? '' })).toMatchObject({
      outcome: 'applied',
      message: expect.stringContaining('kept'),
    });
    await turn(bench, null);
    expect(await stateOf(bench)).toMatchObject({ status: 'completed' });
  });

  it('tells the webhook once, signed, with the tokens, even after a crash before it was told', async () => {
    const bench = createBench();
    const { notify } = bench.queue;
    Object.assign(bench.queue, { notify: async () => Promise.reject(new Error('no connection')) });
    await start(bench, [approval]);
    Object.assign(bench.queue, { notify });
    expect(bench.queue.notified.size).toBe(0);
    bench.clock.advance(outboxGraceMs + 1);
    await bench.engine.tick(partitions);
    bench.clock.advance(outboxGraceMs + 1);
    await bench.engine.tick(partitions);
    const [delivery] = bench.queue.notified.values();
    expect([...bench.queue.notified.keys()]).toEqual(['wf~ok~0']);
    const [open] = (await bench.engine.approvals('wf')) ?? [];
    expect(delivery?.body).toMatchObject({ workflow_id: 'wf', subtask_id: 'ok', tokens: open?.tokens, shown: { value: 'draft' } });
    expect(delivery?.signature).toBe(
      createHmac('sha256', await bench.store.secret())
        .update(JSON.stringify(delivery?.body))
        .digest('hex'),
    );
  });
});

describe('signals and sleep', () => {
  it('wake what waits, early ones too, and time passes', async () => {
    const bench = createBench();
    await start(bench, [
      { id: 'nap', kind: 'sleep', for_ms: 5_000 },
      { id: 'go', kind: 'signal', signal: 'go', needs: ['nap'] },
    ]);
    expect(await bench.engine.signal('wf', { id: 's1', name: 'go', payload: { x: 1 }, by: 'bob' })).toMatchObject({ outcome: 'applied' });
    expect(await bench.engine.signal('wf', { id: 's1', name: 'go', payload: { x: 1 }, by: 'bob' })).toMatchObject({ outcome: 'unchanged' });
    bench.clock.advance(5_000);
    await bench.engine.tick(partitions);
    expect(await stateOf(bench)).toMatchObject({ status: 'completed', result: { go: { x: 1 } } });
    expect(await bench.engine.signal('wf', { id: 's2', name: 'go', payload: null, by: 'bob' })).toMatchObject({ outcome: 'refused' });
    expect(await bench.engine.signal('other', { id: 's2', name: 'go', payload: null, by: 'bob' })).toEqual({ status: 'not_found' });
  });
});

describe('control', () => {
  it('holds agents back by flags and goes on where it was', async () => {
    const bench = createBench();
    await start(bench, [task('a'), task('b', { needs: ['a'] })]);
    expect(await bench.engine.control('wf', { action: 'pause' }, 'bob')).toMatchObject({ outcome: 'applied', workflowStatus: 'paused' });
    expect(bench.memory.control('wf').get('*')).toBe('paused');
    expect(await bench.engine.control('wf', { action: 'pause' }, 'bob')).toMatchObject({ outcome: 'unchanged' });
    await turn(bench, 1);
    expect(bench.queue.take()).toBeNull();
    expect(await bench.engine.why('wf')).toMatchObject({ status: 'paused', waiting: [{ subtaskId: 'b', reason: 'paused', facts: { by: 'bob' } }] });
    await bench.engine.control('wf', { action: 'resume' }, 'bob');
    expect(bench.memory.control('wf').has('*')).toBe(false);
    await turn(bench, 2);
    expect(await stateOf(bench)).toMatchObject({ status: 'completed' });
    expect(await bench.engine.control('wf', { action: 'pause' }, 'bob')).toMatchObject({ outcome: 'refused' });
    expect(await bench.engine.control('other', { action: 'pause' }, 'bob')).toEqual({ status: 'not_found' });
  });

  it('retries, reruns and restarts, each dispatch under an id of its own', async () => {
    const bench = createBench();
    await start(bench, [task('a'), task('b', { needs: ['a'] })], { retention_ms: 10_000 });
    await turn(bench, 1);
    await bench.engine.control('wf', { action: 'cancel', graceMs: 0 }, 'bob');
    await bench.engine.control('wf', { action: 'retry' }, 'bob');
    bench.queue.take();
    await turn(bench, 2);
    expect(await stateOf(bench)).toMatchObject({ status: 'completed', result: { b: 2 } });
    await bench.engine.control('wf', { action: 'rerun', from: 'b' }, 'bob');
    await turn(bench, 3);
    expect(await stateOf(bench)).toMatchObject({ status: 'completed', result: { b: 3 } });
    expect([...bench.queue.dispatched]).toEqual([
      ['wf~a~0', 1],
      ['wf~b~0', 1],
      ['wf~b~1', 1],
      ['wf~b~2', 1],
    ]);
    expect(await bench.engine.restart('wf', { as: 'wf2', by: 'bob' })).toMatchObject({
      status: 'created',
      summary: { header: { id: 'wf2', restartOf: 'wf', caller: 'bob' } },
    });
    expect(await bench.engine.restart('nope', { by: 'bob' })).toEqual({ status: 'not_found' });
  });

  it('starts a failed workflow again under its id, if the type says so', async () => {
    const bench = createBench();
    const request = { workflowId: 'wf', definition: definition([task('a')], { on_restart: 'retry', timeout_ms: 1_000 }), params: {}, caller: 'ann' };
    await bench.engine.start(request);
    bench.clock.advance(1_000);
    await bench.engine.tick(partitions);
    expect(await stateOf(bench)).toMatchObject({ status: 'timed_out' });
    expect(await bench.engine.start(request)).toMatchObject({ status: 'existing', summary: { state: { status: 'running' } } });
  });
});

describe('why', () => {
  it('says what each unfinished subtask waits for', async () => {
    const bench = createBench();
    bench.queue.serve('test.nobody', 0);
    await start(bench, [
      task('a', { capability: 'test.nobody' }),
      task('b'),
      task('c', { needs: ['a', 'b'] }),
      { id: 'nap', kind: 'sleep', for_ms: 1_000 },
      { id: 'ok', kind: 'approval' },
    ]);
    bench.queue.take('test.work', 'agent-7');
    const why = await bench.engine.why('wf');
    expect(why?.waiting.map(({ subtaskId, reason, facts }) => [subtaskId, reason, facts])).toEqual([
      ['a', 'no_agent', { capability: 'test.nobody' }],
      ['b', 'running', { agent: 'agent-7', attempt: 1 }],
      ['c', 'deps', { deps: ['a', 'b'] }],
      ['nap', 'sleeping', { until: expect.any(String) }],
      ['ok', 'awaiting_approval', { answered_by: [], expires: expect.any(String) }],
    ]);
    expect(await bench.engine.why('other')).toBeNull();
  });
});

describe('a conversation', () => {
  it('is seen by workflows that share it, and by no others', async () => {
    const bench = createBench();
    const writer = { conversation: 'shared' };
    const nodes = [task('a', { writes: ['topic'] })];
    await start(bench, nodes, writer, { conversationId: 'c1' });
    const taken = bench.queue.take();
    const report = {
      workflowId: 'wf',
      subtaskId: 'a',
      generation: 0,
      outcome: { status: 'completed' as const, result: null, contextUpdate: { topic: 'films', secret: 1 } },
    };
    expect(taken).not.toBeNull();
    await bench.engine.settle([report]);
    await settleAll(bench);
    const reader = [task('r', { params: { topic: '$conversation.topic?' } })];
    await start(bench, reader, writer, { workflowId: 'same', conversationId: 'c1' });
    expect(bench.queue.take()?.assignment.payload.parameters).toEqual({ topic: 'films' });
    await start(bench, reader, writer, { workflowId: 'elsewhere', conversationId: 'c2' });
    expect(bench.queue.take()?.assignment.payload.parameters).toEqual({});
    await start(bench, reader, {}, { workflowId: 'isolated', conversationId: 'c1' });
    expect(bench.queue.take()?.assignment.payload.parameters).toEqual({});
  });
});
