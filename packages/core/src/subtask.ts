/**
 * One node of a workflow's graph: its states and the moves between them. A state carries only what is true in it.
 * `pending` is the absence of a record; `running`, `failed` and `retrying` of a live attempt are the queue's to tell.
 */
import type { Json, JsonObject } from './json.ts';

export const subtaskStatuses = [
  'pending',
  'assigned',
  'running',
  'failed',
  'retrying',
  'waiting',
  'completed',
  'failed_permanent',
  'skipped',
  'cancelled',
] as const;
export type SubtaskStatus = (typeof subtaskStatuses)[number];

/** The guide's state machine, with what approvals, conditions and cancels add. Each list is what may follow. */
export const subtaskTransitions = {
  pending: ['assigned', 'waiting', 'skipped', 'cancelled', 'failed_permanent'],
  assigned: ['assigned', 'running', 'completed', 'failed_permanent', 'cancelled'],
  running: ['completed', 'failed'],
  failed: ['retrying', 'failed_permanent'],
  retrying: ['assigned'],
  waiting: ['completed', 'failed_permanent', 'skipped', 'cancelled'],
  completed: [],
  failed_permanent: [],
  skipped: [],
  cancelled: [],
} as const satisfies Record<SubtaskStatus, readonly SubtaskStatus[]>;

/** Why a subtask or a workflow failed. `code` is stable and for programs; `message` is a sentence for people. */
export interface Failure {
  readonly code: string;
  readonly message: string;
  readonly details?: Json;
}

/** What an agent says its work cost: token counts, money, whatever it counts, each a number under the agent's own name. */
export type Usage = { readonly [unit: string]: number };

/** Who did it, at which attempt, and when (ms since the epoch). */
export interface Execution {
  readonly agent: string;
  readonly attempt: number;
  readonly startedAt: number;
  readonly finishedAt: number;
  readonly usage?: Usage;
}

export interface AssignedSubtask {
  readonly status: 'assigned';
  readonly generation: number;
  readonly assignedAt: number;
}

export interface CompletedSubtask {
  readonly status: 'completed';
  readonly generation: number;
  readonly assignedAt: number;
  readonly settledAt: number;
  readonly result: Json;
  readonly execution?: Execution;
}

export interface FailedSubtask {
  readonly status: 'failed_permanent';
  readonly generation: number;
  readonly assignedAt: number | null;
  readonly settledAt: number;
  readonly error: Failure;
  readonly execution?: Execution;
}

export interface CancelledSubtask {
  readonly status: 'cancelled';
  readonly generation: number;
  readonly settledAt: number;
}

/** What the engine records of a subtask. No record: `pending`. */
export type Subtask = AssignedSubtask | CompletedSubtask | FailedSubtask | CancelledSubtask;

export function isSettled(subtask: Subtask | undefined): boolean {
  return subtask !== undefined && subtask.status !== 'assigned';
}

export function canFollow(from: SubtaskStatus, to: SubtaskStatus): boolean {
  return (subtaskTransitions[from] as readonly SubtaskStatus[]).includes(to);
}

/** What a subtask came to, as its agent or the engine reports it. */
export type Outcome =
  | { readonly status: 'completed'; readonly result: Json; readonly contextUpdate?: JsonObject }
  | { readonly status: 'failed'; readonly error: Failure };
