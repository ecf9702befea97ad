/**
 * The whole brain: what events mean for a workflow. Pure: no I/O, no clock, no randomness; `now` comes in, a patch and the dispatches go out.
 * **Invariants:** what is settled stays settled; a subtask is dispatched only when all its needs are completed, and at most once per generation;
 * an event that was seen before, or that comes too late, changes nothing; the cost goes with what changes, never with the workflow.
 */
import type { Assignment, Report } from './assignment.ts';
import { check } from './check.ts';
import { type Draft, openDraft, patchOf } from './draft.ts';
import type { JobFacts } from './ports.ts';
import { begin, settle, timeOut } from './progress.ts';
import type { Patch, Workflow } from './workflow.ts';

export type WorkflowEvent =
  | { readonly kind: 'started' }
  | { readonly kind: 'settled'; readonly report: Report }
  /** A subtask's deadline passed, or its dispatch was never confirmed: this is how its job was found. */
  | { readonly kind: 'checked'; readonly subtaskId: string; readonly generation: number; readonly facts: JobFacts }
  | { readonly kind: 'workflow_deadline_passed' };

export interface Decision {
  readonly patch: Patch;
  /** To be handed to the queue once the patch is committed, and not before. */
  readonly dispatches: readonly Assignment[];
}

const handlers: { readonly [Kind in WorkflowEvent['kind']]: (draft: Draft, event: Extract<WorkflowEvent, { kind: Kind }>) => void } = {
  started: begin,
  settled: (draft, { report }) => settle(draft, report),
  checked: check,
  workflow_deadline_passed: timeOut,
};

/** @param now ms since the epoch. @returns what to commit and what to dispatch then; an empty patch if nothing changes */
export function decide(workflow: Workflow, events: readonly WorkflowEvent[], now: number): Decision {
  const draft = openDraft(workflow, now);
  for (const event of events) (handlers[event.kind] as (draft: Draft, event: WorkflowEvent) => void)(draft, event);
  return { patch: patchOf(draft), dispatches: [...draft.dispatches.values()] };
}

/** Does the decision leave everything as it is? Then there is nothing to commit. */
export function isNothing({ patch }: Decision): boolean {
  return patch.subtasks.length === 0 && patch.state === undefined && patch.deadlines.length === 0 && patch.events.length === 0;
}
