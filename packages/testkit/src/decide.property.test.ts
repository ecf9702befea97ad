/** decide under random definitions of every kind of node, and everything that can happen to them: the invariants hold, and every workflow ends. */
import { apply, decide, hasEnded, restoreWorkflow, type Workflow } from '@baton/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { definitionArbitrary, edgesArbitrary, graphDefinition, workflowOf } from './definition-arbitrary.ts';
import { bringToEnd, make, moveArbitrary } from './random-moves.ts';
import { bothWays, completed, type Dispatch, failed, startWalk, type WorkflowWalk } from './workflow-walk.ts';

const setting = { params: { flag: true } };
const options = fc.constantFrom(...bothWays);

describe('decide', () => {
  it('keeps the invariants and ends every workflow, whatever its nodes are', () => {
    fc.assert(
      fc.property(definitionArbitrary(7), fc.array(moveArbitrary(), { maxLength: 50 }), options, (definition, steps, way) => {
        const walk = startWalk(workflowOf(definition, setting), way);
        for (const step of steps) make(walk, step);
        bringToEnd(walk);
        return hasEnded(walk.workflow.state);
      }),
      { numRuns: 1_000 },
    );
  });

  it('keeps them on graphs of plain tasks, too', () => {
    fc.assert(
      fc.property(edgesArbitrary(12), fc.array(moveArbitrary(), { maxLength: 40 }), options, (edges, steps, way) => {
        const walk = startWalk(workflowOf(graphDefinition(edges)), way);
        for (const step of steps) make(walk, step);
        bringToEnd(walk);
        return hasEnded(walk.workflow.state);
      }),
      { numRuns: 1_000 },
    );
  });

  it('decides the same on a workflow that is stored and loaded again before every step', () => {
    fc.assert(
      fc.property(definitionArbitrary(6), fc.array(moveArbitrary(), { maxLength: 30 }), options, (definition, steps, way) => {
        const walk = startWalk(workflowOf(definition, setting), way);
        for (const step of steps) make(walk, step);
        let workflow = workflowOf(definition, setting);
        for (const { events, now, decision } of walk.history) {
          workflow = reloaded(workflow);
          const again = decide(workflow, events, now, way);
          if (JSON.stringify(again) !== JSON.stringify(decision)) throw new Error(`${JSON.stringify(again)} is not ${JSON.stringify(decision)}`);
          apply(workflow, again.patch);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('records the same with trees and without, as long as replies come one after the other', () => {
    fc.assert(
      fc.property(edgesArbitrary(10), fc.array(fc.nat(), { maxLength: 12 }), fc.nat(), (edges, picks, failing) => {
        const [alone, inTrees] = bothWays.map((way) => startWalk(workflowOf(graphDefinition(edges)), way)) as [WorkflowWalk, WorkflowWalk];
        for (let turn = 0; alone.open.size > 0; turn += 1) {
          const open = [...alone.open.values()];
          const next = open[(picks[turn] ?? 0) % open.length] as Dispatch;
          const event = turn === failing % 20 ? failed(next) : completed(next, turn);
          const [one, other] = [alone.take(event), inTrees.take(event)];
          expect(other.decision.patch.events).toEqual(one.decision.patch.events);
        }
        expect(inTrees.workflow.state).toEqual(alone.workflow.state);
      }),
      { numRuns: 500 },
    );
  });

  it('takes a batch as it takes the same events one by one', () => {
    fc.assert(
      fc.property(edgesArbitrary(10), fc.infiniteStream(fc.boolean()), (edges, coins) => {
        const [single, batch] = [startWalk(workflowOf(graphDefinition(edges))), startWalk(workflowOf(graphDefinition(edges)))];
        while (single.open.size > 0) {
          const round = [...single.open.values()].map((dispatch) =>
            coins.next().value === false && dispatch.subtaskId === 'n7' ? failed(dispatch) : completed(dispatch),
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

/** Through JSON, as a store has it. */
function reloaded({ header, type, revision, eventHash, state, subtasks, context, inbox }: Workflow): Workflow {
  const through = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;
  const map = <V>(entries: ReadonlyMap<string, V>): Map<string, V> => new Map(through([...entries]));
  return restoreWorkflow(through(header), type, {
    revision,
    eventHash,
    state: through(state),
    subtasks: map(subtasks),
    context: map(context),
    inbox: map(inbox),
  });
}
