/**
 * One execution of a type, as an orchestrator holds it, and the one function that changes it.
 * **Invariant:** `apply` runs only after the patch is committed; `revision` is that of the last commit.
 * `tallies` and `view` are derived from what is stored: they keep a decision's cost with the change, not with the workflow.
 */
import { type ContextEntry, type ContextView, viewOf } from './context.ts';
import { partitionOf } from './identity.ts';
import type { Json, JsonObject } from './json.ts';
import type { Answer, AssignmentCause, Failure, Subtask } from './subtask.ts';
import { countSubtask, type Tally } from './tally.ts';
import type { WorkflowType } from './workflow-type.ts';

export const workflowStatuses = ['pending', 'running', 'paused', 'waiting', 'completed', 'failed', 'cancelled', 'timed_out'] as const;
export type WorkflowStatus = (typeof workflowStatuses)[number];
export const terminalStatuses = ['completed', 'failed', 'cancelled', 'timed_out'] as const satisfies readonly WorkflowStatus[];

/** The subtask of another workflow that this one is the work of. */
export interface ParentRef {
  readonly workflowId: string;
  readonly subtaskId: string;
  readonly generation: number;
}

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
  readonly conversationId?: string;
  /** What the conversation's ended workflows had left when this one started. */
  readonly conversation?: JsonObject;
  readonly parent?: ParentRef;
  /** Workflows above this one. */
  readonly depth?: number;
  /** The workflow that this one is a restart of. */
  readonly restartOf?: string;
}

/** What a decision may change beside the subtasks. `running` and `waiting` differ only in whether anything is at work. */
export type WorkflowState =
  | { readonly status: 'pending' }
  | { readonly status: 'running' | 'waiting'; readonly expiresAt: number }
  | { readonly status: 'paused'; readonly expiresAt: number; readonly pausedAt: number; readonly by: string }
  | { readonly status: 'completed'; readonly endedAt: number; readonly result: Json; readonly partialFailures?: number; readonly degraded?: true }
  | { readonly status: 'failed' | 'timed_out' | 'cancelled'; readonly endedAt: number; readonly error: Failure };

/** What came before it was waited for: kept until the subtask that wants it begins. A signal that was `taken` is remembered without its payload: the same once more is none. */
export type InboxItem =
  | {
      readonly kind: 'signal';
      readonly id: string;
      readonly signal: string;
      readonly payload: Json;
      readonly by: string;
      readonly at: number;
      readonly taken?: true;
    }
  | { readonly kind: 'answer'; readonly id: string; readonly subtaskId: string; readonly answer: Answer };

export interface Workflow {
  readonly header: WorkflowHeader;
  readonly partition: number;
  readonly type: WorkflowType;
  revision: number;
  /** Hash of the newest entry of the event log; each entry carries that of the one before. */
  eventHash: string;
  state: WorkflowState;
  readonly subtasks: Map<string, Subtask>;
  /** By dotted path: the value and who wrote it. */
  readonly context: Map<string, ContextEntry>;
  /** By id of what came. */
  readonly inbox: Map<string, InboxItem>;
  readonly tallies: Map<string, Tally>;
  /** The context as one object. */
  view: ContextView;
  /** Names of what was kept out of line and is gone: there is no going on with what is left. Absent: nothing. */
  readonly lost?: readonly string[];
}

/** In place of a subtask's id: when a workflow that is the work of a step looks after the one above. */
export const parentKey = '^';

/** When to look at a subtask (or, with `subtaskId` null, at the workflow) again; `at` null: not any more. */
export interface DeadlineChange {
  readonly subtaskId: string | null;
  readonly at: number | null;
}

/** What agents must know at once about work that they have, or are about to begin. Key: `*` for the whole workflow, or `<subtask>~<generation>`. */
export interface ControlFlag {
  readonly key: string;
  /** null: the flag goes. */
  readonly flag: 'paused' | `cancelled:${number}` | null;
}

/** What happened, for the event log, the logs and the metrics. Past tense; the names are the guide's. */
export type RecordedEvent =
  | { readonly type: 'workflow_started'; readonly at: number; readonly caller: string }
  | {
      readonly type: 'subtask_assigned';
      readonly at: number;
      readonly subtaskId: string;
      readonly generation: number;
      readonly capability: string;
      readonly cause?: AssignmentCause;
    }
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
      readonly tolerated?: true;
    }
  /** A dispatch came to nothing, and something else is tried: see `next`. */
  | {
      readonly type: 'subtask_setback';
      readonly at: number;
      readonly subtaskId: string;
      readonly generation: number;
      readonly capability: string;
      readonly next: 'repair' | 'fallback' | 'overloaded' | 'held';
      readonly error?: Failure;
    }
  | { readonly type: 'subtask_skipped'; readonly at: number; readonly subtaskId: string; readonly reason: string }
  | { readonly type: 'subtask_cancelled'; readonly at: number; readonly subtaskId: string }
  | { readonly type: 'subtask_waiting'; readonly at: number; readonly subtaskId: string; readonly for: 'approval' | 'signal' | 'sleep'; readonly until: number }
  | { readonly type: 'approval_answered'; readonly at: number; readonly subtaskId: string; readonly by: string; readonly decision: 'approve' | 'reject' }
  | { readonly type: 'signal_received'; readonly at: number; readonly signal: string; readonly by: string }
  | {
      readonly type: 'context_updated';
      readonly at: number;
      readonly subtaskId: string;
      readonly paths: readonly string[];
      readonly refused: readonly string[];
    }
  | { readonly type: 'workflow_paused' | 'workflow_resumed'; readonly at: number; readonly by: string }
  | { readonly type: 'workflow_retried'; readonly at: number; readonly by: string; readonly from: readonly string[] }
  | { readonly type: 'workflow_completed'; readonly at: number; readonly durationMs: number; readonly partialFailures?: number }
  | { readonly type: 'workflow_cancelled'; readonly at: number; readonly durationMs: number; readonly by: string; readonly graceMs: number }
  | { readonly type: 'workflow_failed' | 'workflow_timed_out'; readonly at: number; readonly durationMs: number; readonly error: Failure };

/** What a commit writes. Its size goes with what changed, never with the workflow. */
export interface Patch {
  readonly subtasks: readonly (readonly [id: string, subtask: Subtask])[];
  /** Absent: unchanged. */
  readonly state?: WorkflowState;
  readonly deadlines: readonly DeadlineChange[];
  readonly events: readonly RecordedEvent[];
  readonly context: readonly (readonly [path: string, entry: ContextEntry])[];
  /** Item null: taken out. */
  readonly inbox: readonly (readonly [id: string, item: InboxItem | null])[];
  readonly control: readonly ControlFlag[];
}

type Stored = Pick<Workflow, 'revision' | 'eventHash' | 'state' | 'subtasks' | 'context' | 'inbox' | 'lost'>;

/** A workflow that exists nowhere yet: no subtask touched, revision 0. */
export function createWorkflow(header: WorkflowHeader, type: WorkflowType): Workflow {
  return restoreWorkflow(header, type, { revision: 0, eventHash: '', state: { status: 'pending' }, subtasks: new Map(), context: new Map(), inbox: new Map() });
}

/** A workflow from its stored parts; what is derived is derived anew. */
export function restoreWorkflow(header: WorkflowHeader, type: WorkflowType, stored: Stored): Workflow {
  const { revision, eventHash, state, subtasks, context, inbox, lost } = stored;
  const workflow: Workflow = {
    header,
    type,
    partition: partitionOf(header.id),
    revision,
    eventHash,
    state,
    subtasks,
    context,
    inbox,
    tallies: new Map(),
    view: viewOf(context),
    ...(lost && { lost }),
  };
  const whole = (id: string) => subtasks.get(id);
  for (const [id, subtask] of subtasks)
    countSubtask(workflow.tallies, type.graph, { id, before: undefined, after: subtask, wholeBefore: whole, wholeAfter: whole });
  return workflow;
}

/** Brings the workflow to what was committed. */
export function apply(workflow: Workflow, patch: Patch): void {
  const { subtasks, tallies, type } = workflow;
  const changed = new Map(patch.subtasks);
  for (const [id, after] of patch.subtasks) {
    countSubtask(tallies, type.graph, {
      id,
      before: subtasks.get(id),
      after,
      wholeBefore: (whole) => subtasks.get(whole),
      wholeAfter: (whole) => changed.get(whole) ?? subtasks.get(whole),
    });
  }
  for (const [id, subtask] of patch.subtasks) subtasks.set(id, subtask);
  if (patch.state !== undefined) workflow.state = patch.state;
  for (const [path, entry] of patch.context) workflow.context.set(path, entry);
  if (patch.context.length > 0) workflow.view = viewOf(workflow.context);
  for (const [id, item] of patch.inbox) {
    if (item === null) workflow.inbox.delete(id);
    else workflow.inbox.set(id, item);
  }
}

export function hasEnded(state: WorkflowState): state is Extract<WorkflowState, { endedAt: number }> {
  return (terminalStatuses as readonly WorkflowStatus[]).includes(state.status);
}
