/** Drives one workflow through decide without any I/O, each decision checked against the invariants and applied. */
import { type Assignment, apply, decide, type JobFacts, type Json, type Report, type Workflow, type WorkflowEvent } from '@baton/core';
import { createWatch } from './invariants.ts';

export interface WorkflowWalk {
  readonly workflow: Workflow;
  /** Dispatches that no event has answered yet. */
  readonly open: Map<string, Assignment>;
  /** Everything ever dispatched, in order. */
  readonly dispatched: Assignment[];
  now: number;
  /** @throws if an invariant breaks. @returns how much the decision changed */
  take(...events: readonly WorkflowEvent[]): number;
}

export function startWalk(workflow: Workflow, now = 0): WorkflowWalk {
  const watch = createWatch();
  const walk: WorkflowWalk = {
    workflow,
    open: new Map(),
    dispatched: [],
    now,
    take(...events) {
      const decision = decide(workflow, events, walk.now);
      const violation = watch.observe(workflow, decision);
      if (violation !== null) throw new Error(violation);
      apply(workflow, decision.patch);
      workflow.revision += 1;
      for (const assignment of decision.dispatches) {
        walk.open.set(assignment.subtaskId, assignment);
        walk.dispatched.push(assignment);
      }
      for (const [id, subtask] of decision.patch.subtasks) if (subtask.status !== 'assigned') walk.open.delete(id);
      return decision.patch.subtasks.length + decision.patch.events.length;
    },
  };
  walk.take({ kind: 'started' });
  return walk;
}

export function completed({ workflowId, subtaskId, generation }: Assignment, result: Json = null): WorkflowEvent {
  return { kind: 'settled', report: { workflowId, subtaskId, generation, outcome: { status: 'completed', result } } };
}

export function failed({ workflowId, subtaskId, generation }: Assignment, code = 'HANDLER_FAILED'): WorkflowEvent {
  const report: Report = { workflowId, subtaskId, generation, outcome: { status: 'failed', error: { code, message: 'It broke.' } } };
  return { kind: 'settled', report };
}

export function checked({ subtaskId, generation }: Assignment, facts: JobFacts): WorkflowEvent {
  return { kind: 'checked', subtaskId, generation, facts };
}
