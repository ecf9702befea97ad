/** Drives a workflow through decide and a store, as the engine does it, one commit per step. */
import {
  apply,
  type Commit,
  type CommitOutcome,
  decide,
  type Json,
  type Patch,
  type Tree,
  type Workflow,
  type WorkflowEvent,
  type WorkflowStore,
} from '@baton/core';

/** A patch that changes nothing, or only what is given. */
export function patch(changes: Partial<Patch> = {}): Patch {
  return { subtasks: [], deadlines: [], events: [], context: [], inbox: [], control: [], ...changes };
}

/** What a store must bring back. The rest is derived, and may differ in what counts nothing any more. */
export function storedOf(workflow: Workflow | null): Omit<Workflow, 'tallies'> | null {
  if (workflow === null) return null;
  const { tallies: _, ...stored } = workflow;
  return stored;
}

/** Commits, and brings the workflow to what was committed. */
export async function commitOne(store: WorkflowStore, workflow: Workflow, changes: Partial<Patch>, effects: Commit['effects'] = []): Promise<CommitOutcome> {
  const change = patch(changes);
  const [outcome] = await store.commit([{ workflow, patch: change, effects }]);
  if (outcome === undefined) throw new Error('The store gave no outcome.');
  if (outcome.status === 'committed') {
    apply(workflow, change);
    workflow.revision = outcome.revision;
    workflow.eventHash = outcome.eventHash;
  }
  return outcome;
}

export async function step(store: WorkflowStore, workflow: Workflow, events: readonly WorkflowEvent[], now: number): Promise<CommitOutcome> {
  const decision = decide(workflow, events, now);
  return await commitOne(store, workflow, decision.patch, decision.effects);
}

/** Completes the subtask's current dispatch. */
export function completion(workflow: Workflow, subtaskId: string, result: Json = null): WorkflowEvent {
  const subtask = workflow.subtasks.get(subtaskId);
  if (subtask?.status !== 'assigned') throw new Error(`${subtaskId} is not assigned.`);
  return { kind: 'settled', report: { workflowId: workflow.header.id, subtaskId, generation: subtask.generation, outcome: { status: 'completed', result } } };
}

/** A dispatch in which only what a store looks at matters. */
export function dispatchOf(
  workflow: Workflow,
  subtaskId: string,
  issuedAt: number,
  generation = 0,
  inputs: readonly Tree[] = [],
): { readonly kind: 'dispatch' } & Tree {
  const retry = { attempts: 1, backoffMs: 0, backoffMsMax: 0, jitter: 0 };
  const { partition, header } = workflow;
  const subject = { workflowId: header.id, workflowType: `${header.type}@${header.version}`, partition, subtaskId, generation };
  const assignment = { ...subject, capability: 'test.work', parameters: {}, parametersBytes: 2, retry, attemptTimeoutMs: 1, ttlMs: 1, issuedAt };
  return { kind: 'dispatch', assignment, inputs };
}
