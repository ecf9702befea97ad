/** The engine on the memory ports and a manual clock: no Redis, no timers; time passes when the test says so. */
import { limits } from '@baton/core';
import { describe, expect, it } from 'vitest';
import { type Bench, createBench, partitions, settleAll, work } from './engine-under-test.ts';
import { createEngine, outboxGraceMs, type RegisterOutcome } from './index.ts';

const minute = 60_000;
const chain = {
  name: 'chain',
  version: 1,
  input: { type: 'object', properties: { n: { type: 'number', default: 1 } }, additionalProperties: false },
  nodes: [
    { id: 'a', capability: 'test.work', params: { n: '$params.n' } },
    { id: 'b', capability: 'test.work', params: { n: '$steps.a' } },
  ],
  result: '$steps.b',
  retention_ms: 1_000,
};

async function startChain(bench: Bench, workflowId = 'wf'): Promise<void> {
  const outcome = await bench.engine.start({ workflowId, definition: chain, params: {}, caller: 'test' });
  expect(outcome.status).toBe('created');
}

async function statusOf({ store }: Bench, workflowId = 'wf'): Promise<string | undefined> {
  return (await store.summary(workflowId))?.state.status;
}

describe('start', () => {
  it('runs a workflow to its end', async () => {
    const bench = createBench();
    await startChain(bench);
    await work(bench, 10);
    await settleAll(bench);
    await work(bench, 20);
    await settleAll(bench);
    expect((await bench.store.summary('wf'))?.state).toMatchObject({ status: 'completed', result: 20 });
    expect(bench.events.map(({ type }) => type)).toEqual([
      'workflow_started',
      'subtask_assigned',
      'subtask_completed',
      'subtask_assigned',
      'subtask_completed',
      'workflow_completed',
    ]);
  });

  it('is idempotent by workflow_id, and a conflict for another request', async () => {
    const bench = createBench();
    await startChain(bench);
    const again = await bench.engine.start({ workflowId: 'wf', definition: chain, params: {}, caller: 'somebody else' });
    expect(again).toMatchObject({ status: 'existing', summary: { header: { caller: 'test' } } });
    expect(await bench.engine.start({ workflowId: 'wf', definition: chain, params: { n: 2 }, caller: 'test' })).toMatchObject({
      status: 'conflict',
      message: expect.stringContaining('"wf"'),
    });
    expect(bench.queue.dispatched.size).toBe(1);
  });

  it('creates one workflow of many simultaneous starts', async () => {
    const bench = createBench();
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, () => bench.engine.start({ workflowId: 'wf', definition: chain, params: {}, caller: 'test' })),
    );
    expect(outcomes.filter(({ status }) => status === 'created')).toHaveLength(1);
    expect(outcomes.filter(({ status }) => status === 'existing')).toHaveLength(19);
  });

  it('makes an id up, another each time', async () => {
    const { engine } = createBench();
    const ids = await Promise.all([1, 2].map(() => engine.start({ definition: chain, params: {}, caller: 'test' })));
    expect(new Set(ids.map((outcome) => ('summary' in outcome ? outcome.summary.header.id : '')))).toHaveProperty('size', 2);
  });

  it('takes a registered type at the version asked for, or at the latest, and answers a repeated start after a new version', async () => {
    const { engine } = createBench();
    await engine.register(chain);
    expect(await engine.start({ workflowId: 'x', type: 'chain', params: {}, caller: 't' })).toMatchObject({
      status: 'created',
      summary: { header: { version: 1 } },
    });
    await engine.register({ ...chain, version: 2, input: { type: 'object', required: ['m'] } });
    expect(await engine.start({ workflowId: 'x', type: 'chain', params: {}, caller: 't' })).toMatchObject({
      status: 'existing',
      summary: { header: { version: 1 } },
    });
    expect(await engine.start({ type: 'chain', version: 1, params: {}, caller: 't' })).toMatchObject({
      status: 'created',
      summary: { header: { version: 1 } },
    });
    expect(await engine.start({ type: 'chain', params: { m: 1 }, caller: 't' })).toMatchObject({ status: 'created', summary: { header: { version: 2 } } });
  });

  it('refuses bad input with everything that is wrong, and leaves nothing behind', async () => {
    const { engine, store, queue } = createBench();
    expect(await engine.start({ type: 'nope', params: {}, caller: 't' })).toMatchObject({
      status: 'unknown_type',
      message: expect.stringContaining('nope@latest'),
    });
    expect(await engine.start({ params: {}, caller: 't' })).toMatchObject({ status: 'unknown_type' });
    expect(await engine.start({ definition: chain, params: { n: 'x', m: 1 }, caller: 't' })).toMatchObject({
      status: 'invalid',
      problems: [{ path: '/params' }, { path: '/params/n' }],
    });
    expect(await engine.start({ definition: { ...chain, nodes: [] }, params: {}, caller: 't' })).toMatchObject({
      status: 'invalid',
      problems: [{ path: '/definition/nodes' }, { path: '/definition/result' }],
    });
    expect(await engine.start({ workflowId: 'a:b', definition: chain, params: {}, caller: 't' })).toMatchObject({
      status: 'invalid',
      problems: [{ path: '/workflow_id' }],
    });
    expect((await store.list({ limit: 10 })).workflows).toEqual([]);
    expect(queue.dispatched.size).toBe(0);
  });
});

describe('register', () => {
  it('keeps what does not say how long as long as the deployment says, and takes it for the same when that has changed', async () => {
    const { store, queue } = createBench();
    const engineWith = (retentionMs: number) => createEngine({ store, queue, retentionMs, now: () => 0, observe: () => {}, warn: () => {} });
    const { retention_ms: _, ...silent } = chain;
    const kept = (outcome: RegisterOutcome) => ('type' in outcome ? [outcome.status, outcome.type.definition.retention_ms] : outcome);
    expect(kept(await engineWith(60_000).register(silent))).toEqual(['registered', 60_000]);
    expect(kept(await engineWith(120_000).register(silent))).toEqual(['existing', 60_000]);
    expect(await engineWith(120_000).register({ ...silent, result: 1 })).toMatchObject({ status: 'conflict' });
    expect(await engineWith(60_000).register(chain)).toMatchObject({ status: 'conflict' });
    expect(kept(await engineWith(60_000).register({ ...chain, version: 2 }))).toEqual(['registered', 1_000]);
    await engineWith(120_000).start({ workflowId: 'inline', definition: { ...silent, name: 'other' }, params: {}, caller: 'test' });
    expect((await store.load('inline'))?.type.definition.retention_ms).toBe(120_000);
  });

  it('says what there is room for', async () => {
    const { engine } = createBench();
    for (let version = 2; version < limits.versionsPerTypeMax + 2; version += 1) await engine.register({ ...chain, version });
    expect(await engine.register(chain)).toEqual({ status: 'full', message: expect.stringContaining(`its ${limits.versionsPerTypeMax} highest versions`) });
  });

  it('keeps a version as it is', async () => {
    const { engine } = createBench();
    expect(await engine.register(chain)).toMatchObject({ status: 'registered', type: { name: 'chain' } });
    expect(await engine.register({ ...chain })).toMatchObject({ status: 'existing' });
    expect(await engine.register({ ...chain, result: 1 })).toMatchObject({ status: 'conflict', message: expect.stringContaining('version 2') });
    expect(await engine.register({ nodes: 1 })).toMatchObject({ status: 'invalid' });
  });
});

describe('settle', () => {
  it('does nothing the second time, nor for a workflow that does not exist', async () => {
    const bench = createBench();
    await startChain(bench);
    await work(bench, 10);
    const replies = await bench.reader.read(0);
    const reports = replies.flatMap(({ report }) => report ?? []);
    await bench.engine.settle([...reports, ...reports, ...reports.map((report) => ({ ...report, workflowId: 'other' }))]);
    await bench.engine.settle(reports);
    await bench.engineOn(bench.store).settle(reports);
    expect([...bench.queue.dispatched.values()]).toEqual([1, 1]);
  });

  it('loses against another engine without harm: it loads again and decides anew', async () => {
    const bench = createBench();
    const wide = { ...chain, nodes: Array.from('abcdefgh', (id) => ({ id, capability: 'test.work' })), result: '$steps.a' };
    await bench.engine.start({ workflowId: 'wf', definition: wide, params: {}, caller: 't' });
    for (let index = 0; index < 8; index += 1) await work(bench, index);
    const reports = (await bench.reader.read(0)).flatMap(({ report }) => report ?? []);
    const engines = [bench.engine, bench.engineOn(bench.store), bench.engineOn(bench.store)];
    await Promise.all(reports.map(async (report, index) => await engines[index % 3]?.settle([report])));
    expect(await statusOf(bench)).toBe('completed');
    expect(bench.events.filter(({ type }) => type === 'subtask_completed')).toHaveLength(8);
  });

  it('does not take what it remembers for the truth: somebody else may have made the dispatch that a reply answers', async () => {
    const bench = createBench();
    const nodes = [
      { id: 'a', capability: 'test.work' },
      { id: 'ok', kind: 'approval' as const },
      { id: 'b', capability: 'test.work', needs: ['a', 'ok'] },
    ];
    await bench.engine.start({ workflowId: 'wf', definition: { name: 'x', version: 1, nodes }, params: {}, caller: 't' });
    await work(bench, 1);
    await settleAll(bench);
    const other = bench.engineOn(bench.store);
    const [open] = (await other.approvals('wf')) ?? [];
    await other.answer('wf', 'ok', { by: 'ann', decision: 'approve', token: open?.tokens['*'] ?? '' });
    await work(bench, 2);
    await settleAll(bench);
    expect(await statusOf(bench)).toBe('completed');
  });

  it('throws when the store is away, and settles the same replies when it is back', async () => {
    let isAway = false;
    const bench = createBench((store) => ({
      ...store,
      commit: async (commits) => {
        const outcomes = await store.commit(commits);
        if (isAway) throw new Error('the answer was lost');
        return outcomes;
      },
    }));
    await startChain(bench);
    await work(bench, 10);
    const reports = (await bench.reader.read(0)).flatMap(({ report }) => report ?? []);
    isAway = true;
    await expect(bench.engine.settle(reports)).rejects.toThrow('the answer was lost');
    isAway = false;
    await bench.engine.settle(reports);
    bench.clock.advance(outboxGraceMs + 1);
    await bench.engine.tick(partitions);
    await work(bench, 20);
    await settleAll(bench);
    expect(await statusOf(bench)).toBe('completed');
  });
});

describe('tick', () => {
  it('has nothing to do on an idle system', async () => {
    const { engine } = createBench();
    expect(await engine.tick(partitions)).toEqual({ isMore: false, newer: [] });
  });

  it('dispatches again what never arrived in the queue, once, as another generation', async () => {
    const bench = createBench();
    const { dispatch } = bench.queue;
    Object.assign(bench.queue, { dispatch: async () => Promise.reject(new Error('no connection')) });
    await startChain(bench);
    Object.assign(bench.queue, { dispatch });
    expect(bench.warnings).toEqual(['dispatch_failed']);
    await bench.engine.tick(partitions);
    expect(bench.queue.dispatched.size).toBe(0);
    bench.clock.advance(outboxGraceMs + 1);
    await bench.engine.tick(partitions);
    bench.clock.advance(outboxGraceMs + 1);
    await bench.engine.tick(partitions);
    expect([...bench.queue.dispatched]).toEqual([['wf~a~1', 1]]);
  });

  it('leaves a dispatch alone that did arrive, though nobody confirmed it', async () => {
    const bench = createBench((store) => ({ ...store, clearOutbox: async () => Promise.reject(new Error('no connection')) }));
    await startChain(bench);
    bench.clock.advance(outboxGraceMs + 1);
    await expect(bench.engine.tick(partitions)).rejects.toThrow('no connection');
    expect(bench.warnings).toEqual(['outbox_not_cleared']);
    expect([...bench.queue.dispatched]).toEqual([['wf~a~0', 1]]);
  });

  it('settles from the job when its reply was lost', async () => {
    const bench = createBench();
    await startChain(bench);
    await work(bench, 10, { reply: false });
    bench.clock.advance(minute);
    await bench.engine.tick(partitions);
    await work(bench, 20);
    await settleAll(bench);
    expect(await statusOf(bench)).toBe('completed');
  });

  it('times a workflow out, and forgets it after its retention', async () => {
    const bench = createBench();
    await bench.engine.start({ workflowId: 'wf', definition: { ...chain, timeout_ms: 5_000 }, params: {}, caller: 't' });
    bench.clock.advance(5_000);
    await bench.engine.tick(partitions);
    expect(await statusOf(bench)).toBe('timed_out');
    bench.clock.advance(999);
    await bench.engine.tick(partitions);
    expect(await statusOf(bench)).toBe('timed_out');
    bench.clock.advance(1);
    await bench.engine.tick(partitions);
    expect(await statusOf(bench)).toBeUndefined();
    expect(await bench.store.dueDeadlines(0, bench.clock.now() + 1e9, 10)).toEqual([]);
  });

  it('drops the deadline of a workflow that is gone, and says when there may be more', async () => {
    let dropped = 0;
    const bench = createBench((store) => ({
      ...store,
      partitionsDue: async () => [0],
      dueDeadlines: async (partition) =>
        partition === 0 ? Array.from({ length: 500 }, (_, index) => ({ workflowId: `gone${index}`, subtaskId: null, at: 0 })) : [],
      dropDeadline: async () => void (dropped += 1),
    }));
    expect(await bench.engine.tick(partitions)).toMatchObject({ isMore: true });
    expect(dropped).toBe(500);
  });

  it('ignores a confirmed dispatch of an earlier generation', async () => {
    const bench = createBench((store) => ({
      ...store,
      partitionsDue: async () => [4],
      staleOutbox: async (partition) => (partition === 4 ? [{ workflowId: 'wf_1', subtaskId: 'a', generation: 7 }] : []),
    }));
    await startChain(bench, 'wf_1');
    await bench.engine.tick(partitions);
    expect([...bench.queue.dispatched.keys()]).toEqual(['wf_1~a~0']);
  });
});
