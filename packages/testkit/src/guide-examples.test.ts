/** The guide's own test examples ("Workflow Testing"), as a user of Baton writes them. */
import type { DefinitionInput } from '@baton/core';
import { expect, test } from 'vitest';
import { dagOf } from './dag.ts';
import { mockAgent } from './mock-agent.ts';
import { runWorkflow } from './test-workflow.ts';

const addTwice: DefinitionInput = {
  name: 'add_twice',
  version: 1,
  nodes: [
    { id: 'a', capability: 'cap.a', params: { value: '$params.value' } },
    { id: 'b', capability: 'cap.b', params: { value: '$previous_result' }, needs: ['a'] },
  ],
  result: '$steps.b',
};

const salesReport: DefinitionInput = {
  name: 'sales_report',
  version: 1,
  nodes: [
    { id: 'data_query', capability: 'data.query' },
    { id: 'aggregate', capability: 'data.aggregate', params: { rows: '$steps.data_query' } },
    { id: 'chart', capability: 'chart.render', params: { kpis: '$steps.aggregate' } },
    { id: 'report', capability: 'report.render', params: { kpis: '$steps.aggregate' } },
  ],
};

const queryData: DefinitionInput = {
  name: 'query_data',
  version: 1,
  nodes: [{ id: 'query', capability: 'data.query', fallback: ['data.query_backup'], retry: { attempts: 3 } }],
  result: '$steps.query',
};

test('unit testing: a sequence hands each result to the next', async () => {
  const addOne = ({ value }: { value: number }): number => value + 1;
  const { result } = await runWorkflow(addTwice, { params: { value: 5 }, agents: { 'cap.a': addOne, 'cap.b': addOne } });
  expect(result).toBe(7); // 5+1=6, then 6+1=7
});

test('workflow testing: the graph has these nodes and edges', () => {
  const dag = dagOf(salesReport);
  expect(dag.nodes).toEqual(['data_query', 'aggregate', 'chart', 'report']);
  expect(dag.edges).toEqual([
    ['data_query', 'aggregate'],
    ['aggregate', 'chart'],
    ['aggregate', 'report'],
  ]); // chart and report depend on aggregate
});

test('workflow testing: and is executed in order', async () => {
  const { order } = await runWorkflow(salesReport, {
    agents: { 'data.query': () => [], 'data.aggregate': () => ({}), 'chart.render': () => '', 'report.render': () => '' },
  });
  expect(order).toEqual(['data_query', 'aggregate', 'chart', 'report']);
});

test('failure testing: a worker that always fails is retried, then the fallback is used', async () => {
  const [failing, fallback] = [mockAgent().fails(), mockAgent().returns('fallback_success')];
  const { result } = await runWorkflow(queryData, { agents: { 'data.query': failing, 'data.query_backup': fallback } });
  expect(result).toBe('fallback_success');
  expect(failing.calls).toHaveLength(3);
  expect(fallback.calls).toHaveLength(1);
});
