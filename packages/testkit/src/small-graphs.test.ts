/** Every graph of up to four subtasks, every set of outcomes, and every order in which the replies can come home. */

import { createWorkflow, type DecideOptions, hasEnded, type WorkflowType } from '@baton/core';
import { describe, expect, it } from 'vitest';
import { type Edges, graphDefinition, headerOf, smallGraphs, typeOf } from './definition-arbitrary.ts';
import { bothWays, completed, failed, startWalk, type WorkflowWalk } from './workflow-walk.ts';

/** Replays the order of replies so far, then branches over each reply that can come next. @returns how many ends were seen */
function explore(type: WorkflowType, failing: ReadonlySet<string>, order: readonly string[], options: DecideOptions): number {
  const walk = startWalk(createWorkflow(headerOf(type), type), options);
  for (const id of order) answer(walk, id, failing);
  if (hasEnded(walk.workflow.state)) {
    expectEnd(walk, failing, order);
    return 1;
  }
  const next = [...walk.open.keys()];
  if (next.length === 0) throw new Error(`stuck after ${order.join(', ')}`);
  return next.reduce((ends, id) => ends + explore(type, failing, [...order, id], options), 0);
}

function answer(walk: WorkflowWalk, id: string, failing: ReadonlySet<string>): void {
  const assignment = walk.open.get(id);
  if (assignment === undefined) throw new Error(`${id} is not open`);
  walk.take(failing.has(id) ? failed(assignment) : completed(assignment, id));
  if (walk.take(completed(assignment, 'again')).changed) throw new Error(`a second reply of ${id} changed something`);
}

function expectEnd({ workflow, dispatched }: WorkflowWalk, failing: ReadonlySet<string>, order: readonly string[]): void {
  const failedFirst = order.find((id) => failing.has(id));
  const expected = failedFirst === undefined ? 'completed' : 'failed';
  if (workflow.state.status !== expected) throw new Error(`${order.join(', ')}: ended ${workflow.state.status}, not ${expected}`);
  if (expected === 'completed' && dispatched.length !== workflow.type.graph.nodes.size) throw new Error('completed, but not everything ran');
}

function outcomesOf(edges: Edges): readonly ReadonlySet<string>[] {
  return Array.from({ length: 2 ** edges.length }, (_, bits) => new Set(edges.flatMap((__, index) => ((bits >> index) % 2 === 1 ? [`n${index}`] : []))));
}

describe('every small graph', () => {
  it('ends rightly whatever fails and in whatever order the replies come', () => {
    const seen = bothWays.map((options) => {
      let ends = 0;
      for (const edges of smallGraphs(4)) {
        const type = typeOf(graphDefinition(edges));
        for (const failing of outcomesOf(edges)) ends += explore(type, failing, [], options);
      }
      return ends;
    });
    const [alone = 0, inTrees = 0] = seen;
    expect(alone).toBeGreaterThan(2_000);
    // What comes after may then be faster than what comes before.
    expect(inTrees).toBeGreaterThan(2 * alone);
  });
});
