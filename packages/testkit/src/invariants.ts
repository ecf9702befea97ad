/**
 * What must hold of every workflow whatever happens to it, written once: the property tests, the exhaustive small graphs and the simulator
 * all check these. Each answers with a sentence for the first violation, or null.
 */
import { type Decision, hasEnded, isSettled, type Workflow } from '@baton/core';

/** What was seen of a workflow so far; `observe` checks the next decision against it and remembers it. */
export interface Watch {
  /** @param decision what was committed, not yet applied to `workflow` */
  observe(workflow: Workflow, decision: Decision): string | null;
}

export function createWatch(): Watch {
  const dispatched = new Set<string>();

  return {
    observe(workflow, decision) {
      return (
        settledStaysSettled(workflow, decision) ?? needsComeFirst(workflow, decision) ?? dispatchedOnce(decision, dispatched) ?? endIsWhole(workflow, decision)
      );
    },
  };
}

function settledStaysSettled(workflow: Workflow, { patch }: Decision): string | null {
  const changed = patch.subtasks.find(([id]) => isSettled(workflow.subtasks.get(id)));
  if (changed !== undefined) return `settled subtask ${changed[0]} changed`;
  return hasEnded(workflow.state) && patch.state !== undefined ? `the workflow had ended ${workflow.state.status} and became ${patch.state.status}` : null;
}

function needsComeFirst(workflow: Workflow, { patch, dispatches }: Decision): string | null {
  const after = new Map(patch.subtasks);
  const early = dispatches.find(({ subtaskId }) =>
    (workflow.type.graph.needs.get(subtaskId) ?? []).some((need) => (after.get(need) ?? workflow.subtasks.get(need))?.status !== 'completed'),
  );
  return early === undefined ? null : `${early.subtaskId} was dispatched before what it needs was completed`;
}

function dispatchedOnce({ dispatches }: Decision, dispatched: Set<string>): string | null {
  for (const { subtaskId, generation } of dispatches) {
    const key = `${subtaskId}~${generation}`;
    if (dispatched.has(key)) return `${subtaskId} was dispatched twice as generation ${generation}`;
    dispatched.add(key);
  }
  return null;
}

/** An end leaves nothing open: every subtask is settled and no deadline but that of the retention is left. */
function endIsWhole(workflow: Workflow, { patch, dispatches }: Decision): string | null {
  const state = patch.state ?? workflow.state;
  if (!hasEnded(state)) return null;
  if (dispatches.length > 0) return `the workflow ended ${state.status} and dispatched ${dispatches[0]?.subtaskId}`;
  const after = new Map([...workflow.subtasks, ...patch.subtasks]);
  const open = [...workflow.type.graph.nodes.keys()].find((id) => !isSettled(after.get(id)));
  return open === undefined ? null : `the workflow ended ${state.status} with ${open} not settled`;
}

/** A running workflow whose jobs have all been answered has something to wait for, or it would hang for ever. */
export function isStuck(workflow: Workflow): boolean {
  return !hasEnded(workflow.state) && ![...workflow.subtasks.values()].some(({ status }) => status === 'assigned');
}
