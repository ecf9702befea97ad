/**
 * One execution of a type, as an orchestrator holds it, and the one function that changes it.
 * **Invariant:** `apply` runs only after the patch is committed; `revision` is that of the last commit.
 * `unmet` and `unsettled` are derived from `subtasks`: they are what keeps a decision's cost with the change, not with the workflow.
 */
import { edges } from './graph.ts';
import { partitionOf } from './identity.ts';
import type { Json, JsonObject } from './json.ts';
import { type Failure, isSettled, type Subtask } from './subtask.ts';
import type { WorkflowType } from './workflow-type.ts';

export const workflowStatuses = ['pending', 'running', 'paused', 'waiting', 'completed', 'failed', 'cancelled', 'timed_out'] as const;
export type WorkflowStatus = (typeof workflowStatuses)[number];
export const terminalStatuses = ['completed', 'failed', 'cancelled', 'timed_out'] as const satisfies readonly WorkflowStatus[];

/** Fixed at the start. */
export interface WorkflowHeader {
  readonly id: string;
  readonly type: string;
  readonly version: number;
  readonly definitionHash: string;
  /** What the request asked for, hashed: the same id with another request is a conflict. */
  readonly fingerprint: string;
  readonly params: JsonObject;
  readonly caller: string;
  readonly createdAt: number;
}

/** What a decision may change beside the subtasks. */
export type WorkflowState =
  | { readonly status: 'pending' }
  | { readonly status: 'running'; readonly expiresAt: number }
  | { readonly status: 'completed'; readonly endedAt: number; readonly result: Json }
  | { readonly status: 'failed' | 'timed_out' | 'cancelled'; readonly endedAt: number; readonly error: Failure };

export interface Workflow {
  readonly header: WorkflowHeader;
  readonly partition: number;
  readonly type: WorkflowType;
  revision: number;
  /** Hash of the newest entry of the event log; each entry carries that of the one before. */
  eventHash: string;
  state: WorkflowState;
  readonly subtasks: Map<string, Subtask>;
  /** How many needs of a subtask are not completed yet; no entry: none has settled, all are unmet. */
  readonly unmet: Map<string, number>;
  unsettled: number;
}

/** When to look at a subtask (or, with `subtaskId` null, at the workflow) again; `at` null: not any more. */
export interface DeadlineChange {
  readonly subtaskId: string | null;
  readonly at: number | null;
}

/** What happened, for the event log, the logs and the metrics. Past tense; the names are the guide's. */
export type RecordedEvent =
  | { readonly type: 'workflow_started'; readonly at: number; readonly caller: string }
  | { readonly type: 'subtask_assigned'; readonly at: number; readonly subtaskId: string; readonly generation: number; readonly capability: string }
  | {
      readonly type: 'subtask_completed';
      readonly at: number;
      readonly subtaskId: string;
      readonly generation: number;
      readonly capability: string;
      readonly agent: string | null;
      readonly attempt: number | null;
      readonly durationMs: number;
    }
  | {
      readonly type: 'subtask_failed';
      readonly at: number;
      readonly subtaskId: string;
      readonly generation: number;
      readonly capability: string;
      readonly agent: string | null;
      readonly attempt: number | null;
      readonly durationMs: number;
      readonly error: Failure;
    }
  | { readonly type: 'subtask_cancelled'; readonly at: number; readonly subtaskId: string }
  | { readonly type: 'workflow_completed'; readonly at: number; readonly durationMs: number }
  | { readonly type: 'workflow_failed'; readonly at: number; readonly durationMs: number; readonly error: Failure }
  | { readonly type: 'workflow_timed_out'; readonly at: number; readonly durationMs: number; readonly error: Failure };

/** What a commit writes. Its size goes with what changed, never with the workflow. */
export interface Patch {
  readonly subtasks: readonly (readonly [id: string, subtask: Subtask])[];
  /** Absent: unchanged. */
  readonly state?: WorkflowState;
  readonly deadlines: readonly DeadlineChange[];
  readonly events: readonly RecordedEvent[];
}

/** A workflow that exists nowhere yet: no subtask touched, revision 0. */
export function createWorkflow(header: WorkflowHeader, type: WorkflowType): Workflow {
  return restoreWorkflow(header, type, { revision: 0, eventHash: '', state: { status: 'pending' }, subtasks: new Map() });
}

/** A workflow from its stored parts; the derived counters are counted anew. */
export function restoreWorkflow(header: WorkflowHeader, type: WorkflowType, stored: Pick<Workflow, 'revision' | 'eventHash' | 'state' | 'subtasks'>): Workflow {
  const workflow: Workflow = { header, type, partition: partitionOf(header.id), ...stored, unmet: new Map(), unsettled: type.graph.nodes.size };
  for (const [id, subtask] of stored.subtasks) count(workflow, id, undefined, subtask);
  return workflow;
}

/** Brings the workflow to what was committed. */
export function apply(workflow: Workflow, patch: Patch): void {
  for (const [id, subtask] of patch.subtasks) {
    count(workflow, id, workflow.subtasks.get(id), subtask);
    workflow.subtasks.set(id, subtask);
  }
  if (patch.state !== undefined) workflow.state = patch.state;
}

function count(workflow: Workflow, id: string, before: Subtask | undefined, after: Subtask): void {
  if (!isSettled(before) && isSettled(after)) workflow.unsettled -= 1;
  if (before?.status === 'completed' || after.status !== 'completed') return;
  for (const dependent of edges(workflow.type.graph.dependents, id)) {
    workflow.unmet.set(dependent, unmetNeeds(workflow, dependent) - 1);
  }
}

/** How many subtasks this one still waits for. */
export function unmetNeeds(workflow: Workflow, subtaskId: string): number {
  return workflow.unmet.get(subtaskId) ?? edges(workflow.type.graph.needs, subtaskId).length;
}

export function hasEnded(state: WorkflowState): boolean {
  return (terminalStatuses as readonly WorkflowStatus[]).includes(state.status);
}
