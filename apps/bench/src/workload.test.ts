import { compileDefinition } from '@baton/core';
import type { FlowJob } from 'bullmq';
import { expect, test } from 'vitest';
import { echo, textOf } from './payload.ts';
import { rawFirstStep, rawFlow } from './raw-flow.ts';
import { inFlightOf, layeredName, resultProblem, type Workload, workloadNames, workloadOf } from './workload.ts';

const known = (name: string): Workload => workloadOf(name) ?? expect.fail(`no workload ${name}`);

test('a payload has 200 bytes', () => {
  expect(JSON.stringify(echo(textOf('w123-4567'), 0))).toHaveLength(200);
});

test.each([...workloadNames, 'waiting', layeredName(10, 3), layeredName(1_000, 50)])('the workflow types of %s are right', (name) => {
  for (const type of known(name).types) {
    const compiled = compileDefinition(type);
    expect(compiled.ok ? [] : compiled.problems).toEqual([]);
  }
});

test('there is no workload of another name', () => {
  expect(['', 'constructor', 'layered'].map(workloadOf)).toEqual([null, null, null]);
});

test('a result of another workflow, a half one and none are problems', () => {
  const chain = known('chain');
  expect(resultProblem(chain, 'w1', 'a', { text: 'a', count: 0 })).toBeNull();
  for (const wrong of [{ text: 'b', count: 0 }, { text: 'a' }, null, undefined])
    expect(resultProblem(chain, 'w1', 'a', wrong)).toMatch(/^chain w1 resulted in/);
});

test.each([
  [5, 200, 200],
  [102, 200, 20],
  [1_000, 1_000, 10],
  [10_000, 1_000, 1],
  [5, 1, 1],
])('a workflow of %d subtasks is in flight fewer times', (subtasks, chains, expected) => {
  expect(inFlightOf({ subtasks }, chains)).toBe(expected);
});

function jobs({ children = [] }: FlowJob): number {
  return children.reduce((sum, child) => sum + jobs(child), 1);
}

test.each(['chain', 'fanout', 'diamond'])('raw BullMQ has as many jobs for %s as Baton has subtasks, and its root makes the result', (name) => {
  const flow = rawFlow(name, 'w1', 'a');
  expect(flow === null ? 0 : jobs(flow)).toBe(known(name).subtasks);
  expect(flow?.data).toEqual({ workflowId: 'w1' });
});

test('what is no tree has no flow, and what is no chain has no steps', () => {
  expect([rawFlow('graph1000', 'w1', 'a'), rawFlow('constructor', 'w1', 'a'), rawFirstStep('fanout', 'w1', 'a')]).toEqual([null, null, null]);
});
