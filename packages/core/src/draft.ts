/**
 * A decision in the making: what would change, laid over the workflow, which itself stays untouched. Reads see the changes made so far.
 * **Invariants:** every change of a subtask goes through `put`, which asserts the state machine, or through `reset`, which is what a retry or rerun
 * is; what follows from a change is put on the list `todo` and done after it, so nothing is decided on a half-made change.
 */
import { strict as assert } from 'node:assert';
import type { Effect } from './assignment.ts';
import { type ContextEntry, viewOf } from './context.ts';
import type { Board } from './frame.ts';
import type { JsonObject } from './json.ts';
import { limits } from './limits.ts';
import { canFollow, isMarked, isSettled, type Subtask, type SubtaskStatus } from './subtask.ts';
import { countSubtask, noTally, type Tally } from './tally.ts';
import { type ControlFlag, hasEnded, type InboxItem, type Patch, parentKey, type RecordedEvent, type Workflow, type WorkflowState } from './workflow.ts';

/** What has to be looked at because of a change. */
export type Todo =
  | { readonly kind: 'begin' | 'settled'; readonly id: string }
  /** Every part of the plan, or of the definition (null), has settled. Comes after what their settling means: one of them may have failed the whole. */
  | { readonly kind: 'whole'; readonly id: string | null };

/** What became of a request from outside; `refused` changed nothing and says why. */
export interface Answered {
  readonly outcome: 'applied' | 'unchanged' | 'refused';
  readonly message?: string;
}

export interface Draft extends Board {
  readonly workflow: Workflow;
  readonly now: number;
  /** When what is looked at happened, for the record: a reply may have waited. Never after `now`, from which all that is to come is counted. */
  at: number;
  readonly subtasks: Map<string, Subtask>;
  readonly tallies: Map<string, Tally>;
  readonly deadlines: Map<string | null, number | null>;
  readonly events: RecordedEvent[];
  /** By subtask: what is withdrawn when the subtask settles in the same decision. */
  readonly effects: Map<string, Effect>;
  readonly cascades: Effect[];
  readonly context: Map<string, ContextEntry>;
  readonly inbox: Map<string, InboxItem | null>;
  readonly control: Map<string, ControlFlag['flag']>;
  readonly todo: Todo[];
  readonly answers: Answered[];
  state: WorkflowState;
  /** The tally of a key as it would be. */
  readonly tally: (key: string) => Tally;
  /** Sets a path of the context. */
  readonly write: (path: string, entry: ContextEntry) => void;
}

export function openDraft(workflow: Workflow, now: number): Draft {
  const subtasks = new Map<string, Subtask>();
  const tallies = new Map<string, Tally>();
  const context = new Map<string, ContextEntry>();
  let view: JsonObject | null = workflow.view;
  return {
    header: workflow.header,
    type: workflow.type,
    workflow,
    now,
    at: now,
    subtasks,
    tallies,
    deadlines: new Map(),
    events: [],
    effects: new Map(),
    cascades: [],
    context,
    inbox: new Map(),
    control: new Map(),
    todo: [],
    answers: [],
    state: workflow.state,
    get: (id) => subtasks.get(id) ?? workflow.subtasks.get(id),
    tally: (key) => tallies.get(key) ?? workflow.tallies.get(key) ?? noTally,
    view() {
      view ??= viewOf(new Map([...workflow.context, ...context]));
      return view;
    },
    write(path, entry) {
      context.set(path, entry);
      view = null;
    },
  };
}

export function patchOf(draft: Draft): Patch {
  return {
    subtasks: [...draft.subtasks],
    ...(draft.state !== draft.workflow.state && { state: draft.state }),
    deadlines: [...draft.deadlines].map(([subtaskId, at]) => ({ subtaskId, at })),
    events: draft.events,
    context: [...draft.context],
    inbox: [...draft.inbox],
    control: [...draft.control].map(([key, flag]) => ({ key, flag })),
  };
}

export function statusOf(draft: Draft, id: string): SubtaskStatus {
  return draft.get(id)?.status ?? 'pending';
}

export function generationOf(draft: Draft, id: string): number {
  return draft.get(id)?.generation ?? 0;
}

/** Records a subtask's new state, and what follows from it for the tallies, the deadline and the agents. */
export function put(draft: Draft, id: string, subtask: Subtask): void {
  const before = draft.get(id);
  assert(canFollow(before?.status ?? 'pending', subtask.status), `subtask ${id} cannot go from ${before?.status ?? 'pending'} to ${subtask.status}`);
  record(draft, id, subtask);
  if (!isSettled(subtask)) return;
  const isCancelled = before?.status === 'assigned' && subtask.status === 'cancelled' && !draft.effects.has(id);
  if (before !== undefined && (isCancelled || isMarked(before))) recall(draft, id, before.generation);
  draft.effects.delete(id);
  if (before !== undefined && before.status !== 'pending') draft.deadlines.set(id, null);
  draft.todo.push({ kind: 'settled', id });
}

/** The job may be under way yet, or an agent just taking it up: whoever does must not begin, and whoever has begun may stop. */
export function recall({ control, now }: Draft, id: string, generation: number): void {
  control.set(`${id}~${generation}`, `cancelled:${now}`);
}

/** Takes back what has settled, or is at work: only for a retry or a rerun that somebody asked for, and for work that was handed back. */
export function reset(draft: Draft, id: string, subtask: Subtask): void {
  draft.effects.delete(id);
  draft.deadlines.set(id, null);
  record(draft, id, subtask);
}

function record(draft: Draft, id: string, subtask: Subtask): void {
  const book = { get: draft.tally, set: (key: string, tally: Tally) => draft.tallies.set(key, tally) };
  countSubtask(book, draft.type.graph, { id, before: draft.get(id), after: subtask, wholeBefore: draft.get, wholeAfter: draft.get });
  draft.subtasks.set(id, subtask);
}

/** Ends the workflow: from here on nothing but a retry or rerun changes it, and its deadline becomes that of its retention. */
export function end(draft: Draft, state: Extract<WorkflowState, { endedAt: number }>): void {
  assert(!hasEnded(draft.state), `workflow ${draft.header.id} has ended already`);
  draft.state = state;
  draft.deadlines.set(null, draft.now + draft.type.definition.retention_ms);
  if (draft.header.parent !== undefined) draft.deadlines.set(parentKey, null);
}

/** For more commits: each is an entry in the history. */
export function hasRoom({ workflow }: Draft): boolean {
  return workflow.revision < limits.commitsPerWorkflowMax;
}

export function isPaused(draft: Draft): boolean {
  return draft.state.status === 'paused';
}
