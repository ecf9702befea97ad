/**
 * What must hold of every workflow whatever happens to it, written once: the property tests, the exhaustive small graphs and the simulator
 * all check these. Each answers with a sentence for the first violation, or null.
 */
import {
  assignmentsOf,
  boardOf,
  type Decision,
  type Effect,
  findNode,
  hasEnded,
  isSettled,
  restoreWorkflow,
  type Subtask,
  type Workflow,
  type WorkflowEvent,
} from '@baton/core';
import { joinViolation } from './join-invariant.ts';

/** What was seen of a workflow so far. */
export interface Watch {
  /** When to look at what again, as the store would know it. */
  readonly deadlines: ReadonlyMap<string | null, number>;
  /** @param decision what was committed, not yet applied to `workflow` */
  observe(workflow: Workflow, decision: Decision, events: readonly WorkflowEvent[]): string | null;
  /** The workflow with the decision applied. */
  inspect(workflow: Workflow): string | null;
}

export function createWatch(): Watch {
  const dispatched = new Set<string>();
  const deadlines = new Map<string | null, number>();

  return {
    deadlines,
    observe(workflow, decision, events) {
      for (const { subtaskId, at } of decision.patch.deadlines) {
        if (at === null) deadlines.delete(subtaskId);
        else deadlines.set(subtaskId, at);
      }
      return (
        settledStaysSettled(workflow, decision, events) ??
        joinViolation(workflow, decision) ??
        dispatchedOnce(decision, dispatched) ??
        quietWhere(workflow, decision)
      );
    },
    inspect: (workflow) => endIsWhole(workflow) ?? derivedIsRight(workflow) ?? deadlineMissing(workflow, deadlines) ?? stuck(workflow),
  };
}

/** Unless somebody asks for it to be done again. */
function settledStaysSettled(workflow: Workflow, { patch }: Decision, events: readonly WorkflowEvent[]): string | null {
  if (events.some((event) => event.kind === 'controlled' && (event.control.action === 'retry' || event.control.action === 'rerun'))) return null;
  const changed = patch.subtasks.find(([id]) => isSettled(workflow.subtasks.get(id)));
  if (changed !== undefined) return `settled subtask ${changed[0]} changed`;
  return hasEnded(workflow.state) && patch.state !== undefined ? `the workflow had ended ${workflow.state.status} and became ${patch.state.status}` : null;
}

function dispatchedOnce({ effects }: Decision, dispatched: Set<string>): string | null {
  for (const { subtaskId, generation } of effects.flatMap((effect) => (effect.kind === 'dispatch' ? assignmentsOf(effect) : []))) {
    const key = `${subtaskId}~${generation}`;
    if (dispatched.has(key)) return `${subtaskId} was dispatched twice as generation ${generation}`;
    dispatched.add(key);
  }
  return null;
}

/** Nothing is begun by a workflow that is paused or has ended: what leaves it passes that on to the workflows below, or asks people while it is paused. */
function quietWhere(workflow: Workflow, { patch, effects }: Decision): string | null {
  const state = patch.state ?? workflow.state;
  const loud = effects.find(({ kind }) => kind !== 'control_child' && !(kind === 'notify' && state.status === 'paused'));
  if (loud === undefined || (state.status !== 'paused' && !hasEnded(state))) return null;
  return `the workflow is ${state.status} and there is a ${loud.kind} of ${subjectOf(loud)}`;
}

function subjectOf(effect: Effect): string {
  switch (effect.kind) {
    case 'dispatch':
      return effect.assignment.subtaskId;
    case 'start_child':
      return effect.start.parent.subtaskId;
    case 'notify':
      return effect.notification.subtaskId;
    case 'control_child':
      return effect.subtaskId;
  }
}

/** An end leaves nothing open: every subtask that there is is settled. */
function endIsWhole(workflow: Workflow): string | null {
  const { state, subtasks, type } = workflow;
  if (!hasEnded(state)) return null;
  const board = boardOf(workflow);
  const open = [...new Set([...type.graph.nodes.keys(), ...subtasks.keys()])].find(
    (id) => !isSettled(subtasks.get(id)) && findNode(board, id) !== undefined && !isLeftBehind(workflow, id),
  );
  return open === undefined ? null : `the workflow ended ${state.status} with ${open} not settled`;
}

/** Put back by a rerun, and not come to its turn again: a loop took fewer rounds, or the step was not to be done after all. */
function isLeftBehind({ subtasks }: Workflow, id: string): boolean {
  const subtask = subtasks.get(id);
  return subtask?.status === 'pending' && subtask.generation > 0 && /[[#/]/.test(id);
}

/** What is kept beside the stored parts is what they say. */
function derivedIsRight(workflow: Workflow): string | null {
  const { header, type, ...stored } = workflow;
  const restored = restoreWorkflow(header, type, stored);
  const [kept, counted] = [talliesOf(workflow), talliesOf(restored)];
  if (kept !== counted) return `the tallies are ${kept}, and counted anew ${counted}`;
  return JSON.stringify(workflow.view) === JSON.stringify(restored.view) ? null : 'the view of the context is not what its entries say';
}

function talliesOf({ tallies }: Workflow): string {
  const counts = [...tallies].filter(([, tally]) => Object.values(tally).some((count) => count !== 0));
  return JSON.stringify(counts.toSorted(([one], [other]) => (one < other ? -1 : 1)));
}

/** Nothing is forgotten: whatever is open is looked at again at some time. */
function deadlineMissing({ state, subtasks }: Workflow, deadlines: ReadonlyMap<string | null, number>): string | null {
  const isPaused = state.status === 'paused';
  if (state.status !== 'pending' && deadlines.has(null) === isPaused)
    return `the workflow is ${state.status} and its deadline is ${deadlines.get(null) ?? 'none'}`;
  for (const [id, subtask] of subtasks) {
    const isOpen = isAtWork(subtask) || subtask.status === 'running';
    if (isOpen && !deadlines.has(id) && (!isPaused || subtask.status === 'assigned')) return `${id} is ${subtask.status} and has no deadline`;
    if (isSettled(subtask) && deadlines.has(id)) return `${id} is ${subtask.status} and has a deadline`;
  }
  return null;
}

function isAtWork({ status }: Subtask): boolean {
  return status === 'assigned' || status === 'retrying' || status === 'waiting';
}

/** A workflow that runs has something to wait for, and so has every composite in it; or it would hang. */
function stuck(workflow: Workflow): string | null {
  const { state, subtasks } = workflow;
  if (state.status !== 'running' && state.status !== 'waiting') return null;
  const open = [...subtasks].filter(([, subtask]) => isAtWork(subtask)).map(([id]) => id);
  if (open.length === 0) return 'nothing is open and the workflow has not ended';
  const idle = [...subtasks].find(
    ([id, { status }]) => status === 'running' && !open.some((part) => part.startsWith(id) && /^[[#/]/.test(part.slice(id.length))),
  );
  return idle === undefined ? null : `${idle[0]} is running and no part of it is open`;
}
