/**
 * A decision in the making: what would change, laid over the workflow, which itself stays untouched. Reads see the changes made so far.
 * **Invariant:** every change of a subtask goes through `put`, which asserts the state machine; its cost is that of the change.
 */
import { strict as assert } from 'node:assert';
import type { Assignment } from './assignment.ts';
import type { TaskNode } from './definition.ts';
import { canFollow, isSettled, type Subtask } from './subtask.ts';
import { hasEnded, type Patch, type RecordedEvent, unmetNeeds, type Workflow, type WorkflowState } from './workflow.ts';

export interface Draft {
  readonly workflow: Workflow;
  readonly now: number;
  readonly subtasks: Map<string, Subtask>;
  readonly unmet: Map<string, number>;
  readonly deadlines: Map<string | null, number | null>;
  readonly events: RecordedEvent[];
  readonly dispatches: Map<string, Assignment>;
  unsettled: number;
  state: WorkflowState;
}

export function openDraft(workflow: Workflow, now: number): Draft {
  return {
    workflow,
    now,
    subtasks: new Map(),
    unmet: new Map(),
    deadlines: new Map(),
    events: [],
    dispatches: new Map(),
    unsettled: workflow.unsettled,
    state: workflow.state,
  };
}

export function patchOf(draft: Draft): Patch {
  return {
    subtasks: [...draft.subtasks],
    ...(draft.state !== draft.workflow.state && { state: draft.state }),
    deadlines: [...draft.deadlines].map(([subtaskId, at]) => ({ subtaskId, at })),
    events: draft.events,
  };
}

export function nodeOf(draft: Draft, id: string): TaskNode {
  const node = draft.workflow.type.graph.nodes.get(id);
  assert(node !== undefined, `workflow ${draft.workflow.header.id} has no subtask ${id}`);
  return node;
}

export function subtaskOf(draft: Draft, id: string): Subtask | undefined {
  return draft.subtasks.get(id) ?? draft.workflow.subtasks.get(id);
}

/** Records a subtask's new state, and what follows from it for the counters and the deadline. */
export function put(draft: Draft, id: string, subtask: Subtask): void {
  const before = subtaskOf(draft, id);
  assert(canFollow(before?.status ?? 'pending', subtask.status), `subtask ${id} cannot go from ${before?.status ?? 'pending'} to ${subtask.status}`);
  draft.subtasks.set(id, subtask);
  if (!isSettled(subtask)) return;
  draft.unsettled -= 1;
  draft.dispatches.delete(id);
  if (before !== undefined) draft.deadlines.set(id, null);
}

/** One need of the subtask is met. @returns whether it was the last one */
export function meetNeed(draft: Draft, id: string): boolean {
  const left = (draft.unmet.get(id) ?? unmetNeeds(draft.workflow, id)) - 1;
  draft.unmet.set(id, left);
  return left === 0;
}

/** Ends the workflow: from here on no event changes it, and its deadline becomes that of its retention. */
export function end(draft: Draft, state: WorkflowState): void {
  assert(!hasEnded(draft.state), `workflow ${draft.workflow.header.id} has ended already`);
  draft.state = state;
  draft.deadlines.set(null, draft.now + draft.workflow.type.definition.retention_ms);
}
