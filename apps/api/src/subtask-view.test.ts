/** How workflows of every kind of node are shown, on the memory ports. */
import type { DispatchRef } from '@baton/core';
import { WorkflowView } from '@baton/protocol';
import { createMemoryQueue } from '@baton/testkit';
import { beforeEach, expect, test } from 'vitest';
import { type MemoryApi, memoryApi } from './fixture/memory-api.ts';

let api: MemoryApi;
beforeEach(async () => {
  api = await memoryApi();
});

const work = { capability: 'data.fetch', retry: { attempts: 1 } };
const task = (id: string, more: object = {}) => ({ id, ...work, ...more });

async function start(...nodes: object[]): Promise<void> {
  const { status, body } = await api.post('/v1/workflows', { workflow_id: 'monday', definition: { name: 'own', version: 1, nodes } });
  if (status !== 201) throw new Error(JSON.stringify(body));
}
const view = async (query = '') => WorkflowView.parse((await api.get(`/v1/workflows/monday${query}`)).body);
const subtask = async (id: string) => (await view()).subtasks.find(({ subtask_id }) => subtask_id === id);
const ids = async (query = '') => (await view(query)).subtasks.map(({ subtask_id }) => subtask_id);

test('a map: its items right after it, live; counted', async () => {
  await start(
    { id: 'each', kind: 'map', over: ['a', 'b', 'c'], concurrency: 2, each: { ...work, params: { item: '$item' } } },
    task('other', { capability: 'data.clean' }),
  );
  api.queue.take('data.fetch', 'agent-07');
  expect(await ids()).toEqual(['each', 'each[0]', 'each[1]', 'each[2]', 'other']);
  expect(await subtask('each')).toMatchObject({ kind: 'map', status: 'running', capability: null, items: 3, parts: { assigned: 2, pending: 1 } });
  expect(await subtask('each[0]')).toMatchObject({ part_of: 'each', status: 'running', capability: 'data.fetch', assigned_to: 'agent-07' });
  expect(await subtask('each[2]')).toMatchObject({ status: 'pending', needs: [] });
});

test('without parts these are only counted', async () => {
  await start({ id: 'each', kind: 'map', over: ['a', 'b'], each: work });
  expect(await ids('?parts=false')).toEqual(['each']);
  expect((await view('?parts=false')).subtasks[0]).toMatchObject({ items: 2, parts: { assigned: 2 } });
  expect((await api.get('/v1/workflows/monday?parts=maybe')).status).toBe(400);
});

test('a map of thousands: the queue is asked about those at its front only', async () => {
  const asked: number[] = [];
  const queue = createMemoryQueue();
  const counting = { ...queue, facts: (refs: readonly DispatchRef[]) => (asked.push(refs.length), queue.facts(refs)) };
  api = await memoryApi({ queue: counting });
  await start({ id: 'each', kind: 'map', over: Array.from({ length: 2_000 }, (_, index) => index), each: work });
  expect(await ids()).toHaveLength(2_001);
  expect(asked).toEqual([500]);
});

test('a loop: its rounds with their scores, the best draft marked as degraded', async () => {
  await start({ id: 'refine', kind: 'loop', generate: work, critique: work, max_iterations: 2, threshold: 0.9, on_exhausted: 'degrade' });
  expect(await ids()).toEqual(['refine', 'refine#1/generate', 'refine#1/critique']);
  expect(await subtask('refine#1/critique')).toMatchObject({ part_of: 'refine', status: 'pending', needs: ['refine#1/generate'] });
  await api.completeNext({ text: 'one' });
  await api.completeNext({ quality_score: 0.7 });
  expect(await subtask('refine')).toMatchObject({ kind: 'loop', status: 'running', round: 2, rounds: [{ score: 0.7 }] });
  await api.completeNext({ text: 'two' });
  await api.completeNext({ quality_score: 0.6 });
  expect(await subtask('refine')).toMatchObject({ status: 'completed', degraded: true, result: { text: 'one' }, rounds: [{ score: 0.7 }, { score: 0.6 }] });
  expect(await view()).toMatchObject({ status: 'completed', degraded: true });
});

test('a plan: what it brought, with its needs', async () => {
  await start({ id: 'plan', kind: 'plan', ...work, allow: ['*'] });
  expect(await subtask('plan')).toMatchObject({ kind: 'plan', status: 'assigned', capability: 'data.fetch' });
  await api.completeNext({ nodes: [task('a'), task('b', { needs: ['a'] })] });
  expect(await ids()).toEqual(['plan', 'plan/a', 'plan/b']);
  expect(await subtask('plan')).toMatchObject({ status: 'running', assigned_to: 'agent-01', parts: { assigned: 1, pending: 1 } });
  expect(await subtask('plan/b')).toMatchObject({ part_of: 'plan', needs: ['plan/a'] });
});

test('a workflow as a step: which one, and the step that it belongs to', async () => {
  await api.post('/v1/workflow-types', { name: 'inner', version: 1, nodes: [task('x')] });
  await start({ id: 'sub', kind: 'workflow', type: 'inner' }, task('later', { needs: ['sub'] }));
  expect(await subtask('sub')).toMatchObject({ kind: 'workflow', status: 'assigned', capability: null, child_workflow_id: 'monday.sub' });
  expect(await subtask('later')).not.toHaveProperty('child_workflow_id');
  expect((await api.get('/v1/workflows/monday.sub')).body).toMatchObject({ parent: { workflow_id: 'monday', subtask_id: 'sub' } });
});

test('a condition that is not so, an optional step that failed, and a fallback', async () => {
  await start(task('never', { when: 'false' }), task('maybe', { optional: true, fallback: ['data.clean'] }), task('sure'));
  expect(await subtask('never')).toMatchObject({ status: 'skipped', skipped_reason: 'not so: false' });
  await api.failNext();
  expect(await subtask('maybe')).toMatchObject({ status: 'assigned', capability: 'data.clean', tries: { fallback: 1, repairs: 0, overloads: 0 } });
  await api.completeNext();
  await api.failNext();
  expect(await subtask('maybe')).toMatchObject({ status: 'failed_permanent', tolerated: true, error: { code: 'FILE_MISSING' } });
  expect(await view()).toMatchObject({ status: 'completed', partial_failures: 1 });
});

test('a vote: who did not agree', async () => {
  await start(task('a'), task('b'), task('c'), { id: 'vote', kind: 'gather', needs: ['a', 'b', 'c'], aggregate: { strategy: 'majority' } });
  for (const [agent, answer] of [
    ['one', 'yes'],
    ['two', 'no'],
    ['three', 'yes'],
  ] as const)
    await api.completeNext({ answer }, agent);
  expect(await subtask('vote')).toMatchObject({ kind: 'gather', status: 'completed', result: { answer: 'yes' }, dissent: ['b'] });
});

test('what the steps have written to the context', async () => {
  await start(task('a', { writes: ['notes'] }), task('b', { needs: ['a'] }));
  expect(await view()).not.toHaveProperty('context');
  await api.completeNext({ done: true }, 'agent-01', { 'notes.mood': 'good' });
  expect((await view()).context).toEqual({ notes: { mood: 'good' } });
});

test('an overloaded agent: when it is tried again, and how often it was', async () => {
  await start(task('a'));
  await api.overloadNext(5_000);
  expect(await subtask('a')).toMatchObject({ status: 'retrying', retry_at: expect.any(String), tries: { overloads: 1 } });
});

test('a nap: until when', async () => {
  await start({ id: 'nap', kind: 'sleep', for_ms: 60_000 });
  expect(await subtask('nap')).toMatchObject({ kind: 'sleep', status: 'waiting', waiting_for: { kind: 'sleep', until: '2026-03-02T12:01:00.000Z' } });
});
