/** What is remembered is bounded by what it weighs: of many small workflows many are, of big ones few, and one that grows pushes out others. */
import { apply, compileDefinition, createWorkflow, type Json, type Patch, type Subtask, type Workflow, type WorkflowStore } from '@baton/core';
import { createMemoryStore } from '@baton/testkit';
import { expect, test } from 'vitest';
import { createWorkflowCache, type WorkflowCache } from './cache.ts';

const bytesMax = 100_000;
const nothing: Patch = { subtasks: [], deadlines: [], events: [], context: [], inbox: [], control: [] };

function workflowOf(id: string, params: Record<string, Json> = {}): Workflow {
  const compiled = compileDefinition({ name: 'two', version: 1, nodes: [{ id: 'a', capability: 'work' }] });
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.problems));
  const header = { id, type: 'two', version: 1, definitionHash: compiled.type.hash, fingerprint: '', params, caller: 'ann', createdAt: 0 };
  return createWorkflow(header, compiled.type);
}

function cacheOf(store: WorkflowStore = createMemoryStore()): WorkflowCache {
  return createWorkflowCache({ store }, bytesMax);
}

const remembered = (cache: WorkflowCache, count: number): number => Array.from({ length: count }, (_, index) => cache.has(`w${index}`)).filter(Boolean).length;

test('many small workflows, few with big params, and none that is bigger than all there is', () => {
  const [small, big] = [cacheOf(), cacheOf()];
  for (let index = 0; index < 50; index += 1) {
    small.keep(workflowOf(`w${index}`), nothing);
    big.keep(workflowOf(`w${index}`, { text: 'x'.repeat(bytesMax / 5) }), nothing);
  }
  expect(remembered(small, 50)).toBe(50);
  expect(remembered(big, 50)).toBe(4);
  big.keep(workflowOf('w0', { text: 'x'.repeat(bytesMax) }), nothing);
  expect(big.has('w0')).toBe(false);
});

test('what a commit brings weighs from then on, however deep it is, and the oldest are forgotten', () => {
  const cache = cacheOf();
  const growing = workflowOf('w9');
  for (let index = 0; index < 9; index += 1) cache.keep(workflowOf(`w${index}`), nothing);
  cache.keep(growing, nothing);
  expect(remembered(cache, 10)).toBe(10);

  let result: Json = 'x'.repeat(bytesMax * 0.8);
  for (let depth = 0; depth < 1_000; depth += 1) result = [result];
  const subtask: Subtask = { status: 'completed', generation: 0, assignedAt: 0, settledAt: 1, result };
  const patch: Patch = { ...nothing, subtasks: [['a', subtask]] };
  apply(growing, patch);
  cache.keep(growing, patch);
  expect(cache.has('w9')).toBe(true);
  expect(remembered(cache, 9)).toBeLessThan(9);
});

test('what was replaced, however often, does not push out the workflow that replaced it', () => {
  const cache = cacheOf();
  const revised = workflowOf('w0');
  for (let round = 0; round < 100; round += 1) {
    const patch: Patch = { ...nothing, context: [['draft', { by: 'a', order: [0], value: `${round} ${'x'.repeat(bytesMax / 10)}` }]] };
    apply(revised, patch);
    cache.keep(revised, patch);
    expect(cache.has('w0')).toBe(true);
  }
});
