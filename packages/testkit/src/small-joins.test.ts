/** Every graph of up to three subtasks with every join that fits, every set of outcomes (also of optional subtasks), and every order of the replies. */
import { createWorkflow, type DecideOptions, hasEnded, type WorkflowType } from '@baton/core';
import { expect, it } from 'vitest';
import { type Edges, headerOf, smallGraphs, typeOf } from './definition-arbitrary.ts';
import { bothWays, completed, failed, startWalk, type WorkflowWalk } from './workflow-walk.ts';

const outcomes = ['completes', 'fails', 'is optional and fails'] as const;
type Outcome = (typeof outcomes)[number];

function* choices<T>(options: readonly (readonly T[])[]): Generator<readonly T[]> {
  const [first, ...rest] = options;
  if (first === undefined) return yield [];
  for (const option of first) for (const others of choices(rest)) yield [option, ...others];
}

function joinsOf(needs: number): readonly object[] {
  if (needs === 0) return [{ kind: 'all' }];
  const counted = Array.from({ length: needs }, (_, index) => [
    { kind: 'first', k: index + 1 },
    { kind: 'quorum', k: index + 1, of: needs },
  ]).flat();
  return [{ kind: 'all' }, { kind: 'settled' }, { kind: 'any' }, ...counted];
}

function typeWith(edges: Edges, joins: readonly object[], ends: readonly Outcome[]): WorkflowType {
  const nodes = edges.map((needs, index) => ({
    id: `n${index}`,
    capability: 'c',
    needs: needs.map((need) => `n${need}`),
    join: joins[index],
    optional: ends[index] === 'is optional and fails',
  }));
  return typeOf({ name: 'graph', version: 1, nodes });
}

/** @returns how many ends were seen */
function explore(type: WorkflowType, ends: readonly Outcome[], order: readonly string[], options: DecideOptions): number {
  const walk = startWalk(createWorkflow(headerOf(type), type), options);
  for (const id of order) {
    const dispatch = walk.open.get(id);
    if (dispatch === undefined) throw new Error(`${id} is not open`);
    walk.take(ends[Number(id.slice(1))] === 'completes' ? completed(dispatch, id) : failed(dispatch));
  }
  if (!hasEnded(walk.workflow.state)) return [...walk.open.keys()].reduce((sum, id) => sum + explore(type, ends, [...order, id], options), 0);
  expectRight(walk, order);
  return 1;
}

/** It failed if and only if something failed that not everybody behind it could live with. */
function expectRight({ workflow }: WorkflowWalk, order: readonly string[]): void {
  const { graph } = workflow.type;
  const fatal = [...workflow.subtasks].filter(([id, subtask]) => {
    const dependents = graph.dependents.get(id) ?? [];
    const isLivedWith = dependents.length > 0 && dependents.every((dependent) => graph.nodes.get(dependent)?.join.kind !== 'all');
    return subtask.status === 'failed_permanent' && subtask.tolerated !== true && !isLivedWith;
  });
  const expected = fatal.length === 0 ? 'completed' : 'failed';
  if (workflow.state.status !== expected)
    throw new Error(`${order.join(', ')}: ended ${workflow.state.status}, not ${expected}: ${JSON.stringify([...workflow.subtasks])}`);
}

it('ends rightly, whatever its joins', () => {
  let seen = 0;
  for (const edges of smallGraphs(3)) {
    for (const joins of choices(edges.map((needs) => joinsOf(needs.length)))) {
      for (const ends of choices(edges.map(() => outcomes)))
        seen += bothWays.reduce((sum, way) => sum + explore(typeWith(edges, joins, ends), ends, [], way), 0);
    }
  }
  expect(seen).toBeGreaterThan(8_000);
});
