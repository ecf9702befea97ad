/** decide under random graphs, replies, duplicates, stale generations, checks and deadlines: the invariants hold, and every workflow ends. */
import { type Assignment, hasEnded, type JobFacts, restoreWorkflow } from '@baton/core';
import fc from 'fast-check';
import { describe, it } from 'vitest';
import { edgesArbitrary, graphDefinition, workflowOf } from './definition-arbitrary.ts';
import { isStuck } from './invariants.ts';
import { checked, completed, failed, startWalk, type WorkflowWalk } from './workflow-walk.ts';

type Move = { readonly kind: 'complete' | 'fail' | 'duplicate' | 'stale' | 'check' | 'wait' | 'deadline'; readonly pick: number; readonly facts: JobFacts };

const facts: fc.Arbitrary<JobFacts> = fc.constantFrom<JobFacts>(
  { state: 'missing' },
  { state: 'queued' },
  { state: 'delayed', until: 1, attemptsMade: 1, lastError: 'x' },
  { state: 'active', agent: 'a', attempt: 1, startedAt: 0, progress: null },
  { state: 'completed', report: null },
  { state: 'failed', reason: 'job stalled more than allowable limit' },
);
const move: fc.Arbitrary<Move> = fc.record({
  kind: fc.constantFrom('complete', 'complete', 'complete', 'fail', 'duplicate', 'stale', 'check', 'wait', 'deadline'),
  pick: fc.nat(),
  facts,
});

function at<T>(items: readonly T[], pick: number): T | undefined {
  return items[pick % Math.max(1, items.length)];
}

const moves: { readonly [Kind in Move['kind']]: (walk: WorkflowWalk, move: Move) => void } = {
  complete: (walk, { pick }) => onOpen(walk, pick, (assignment) => walk.take(completed(assignment))),
  fail: (walk, { pick }) => onOpen(walk, pick, (assignment) => walk.take(failed(assignment))),
  check: (walk, { pick, facts: found }) => onOpen(walk, pick, (assignment) => walk.take(checked(assignment, found))),
  duplicate: (walk, { pick }) => {
    const earlier = at(walk.dispatched, pick);
    if (earlier !== undefined && walk.open.get(earlier.subtaskId)?.generation !== earlier.generation) expectNothing(walk.take(completed(earlier, 'again')));
  },
  stale: (walk, { pick }) => onOpen(walk, pick, (assignment) => expectNothing(walk.take(failed({ ...assignment, generation: assignment.generation + 1 })))),
  wait: (walk, { pick }) => void (walk.now += pick % 7_200_000),
  deadline: (walk) => void walk.take({ kind: 'workflow_deadline_passed' }),
};

function onOpen(walk: WorkflowWalk, pick: number, act: (assignment: Assignment) => unknown): void {
  const assignment = at([...walk.open.values()], pick);
  if (assignment !== undefined) act(assignment);
}

function expectNothing(changed: number): void {
  if (changed !== 0) throw new Error('a duplicate or stale event changed something');
}

describe('decide', () => {
  it('keeps the invariants and ends every workflow', () => {
    fc.assert(
      fc.property(edgesArbitrary(12), fc.array(move, { maxLength: 40 }), (edges, steps) => {
        const walk = startWalk(workflowOf(graphDefinition(edges)));
        for (const step of steps) moves[step.kind](walk, step);
        for (const assignment of walk.open.values()) walk.take(completed(assignment));
        while (walk.open.size > 0) for (const assignment of walk.open.values()) walk.take(completed(assignment));
        if (isStuck(walk.workflow)) throw new Error('nothing is open and the workflow has not ended');
        return hasEnded(walk.workflow.state);
      }),
      { numRuns: 2_000 },
    );
  });

  it('decides the same on a workflow that was stored and restored', () => {
    fc.assert(
      fc.property(edgesArbitrary(10), fc.array(move, { maxLength: 20 }), (edges, steps) => {
        const walk = startWalk(workflowOf(graphDefinition(edges)));
        for (const step of steps) moves[step.kind](walk, step);
        const { header, type, ...stored } = walk.workflow;
        const again = restoreWorkflow(header, type, stored);
        return again.unsettled === walk.workflow.unsettled && [...type.graph.nodes.keys()].every((id) => counted(again, id) === counted(walk.workflow, id));
      }),
      { numRuns: 500 },
    );
  });

  it('takes a batch as it takes the same events one by one', () => {
    fc.assert(
      fc.property(edgesArbitrary(10), fc.infiniteStream(fc.boolean()), (edges, coins) => {
        const [single, batch] = [startWalk(workflowOf(graphDefinition(edges))), startWalk(workflowOf(graphDefinition(edges)))];
        while (single.open.size > 0) {
          const round = [...single.open.values()].map((assignment) =>
            coins.next().value === false && assignment.subtaskId === 'n7' ? failed(assignment) : completed(assignment),
          );
          for (const event of round) single.take(event);
          batch.take(...round);
          if (JSON.stringify([...single.workflow.subtasks]) !== JSON.stringify([...batch.workflow.subtasks])) return false;
        }
        return single.workflow.state.status === batch.workflow.state.status;
      }),
      { numRuns: 500 },
    );
  });
});

function counted(workflow: WorkflowWalk['workflow'], id: string): number {
  return workflow.unmet.get(id) ?? workflow.type.graph.needs.get(id)?.length ?? 0;
}
