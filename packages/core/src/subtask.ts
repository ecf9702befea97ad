/**
 * One node of a workflow's graph: its states and the moves between them. A state carries only what is true in it.
 * No record means `pending`; a record that says `pending` was put back and remembers its generation. `running` is what a composite is while its
 * parts are at work, and what the queue tells of a live attempt; so are `failed` and the queue's own `retrying`.
 */
import type { Report } from './assignment.ts';
import type { Node } from './definition.ts';
import type { Json, JsonObject, Problem } from './json.ts';

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

/** The guide's state machine, with what approvals, conditions, composites and cancels add. Each list is what may follow. */
export const subtaskTransitions = {
  pending: ['pending', 'assigned', 'running', 'waiting', 'completed', 'skipped', 'cancelled', 'failed_permanent'],
  assigned: ['assigned', 'running', 'retrying', 'pending', 'completed', 'failed_permanent', 'cancelled'],
  running: ['running', 'assigned', 'completed', 'failed', 'failed_permanent', 'cancelled'],
  failed: ['retrying', 'failed_permanent'],
  retrying: ['retrying', 'assigned', 'failed_permanent', 'cancelled'],
  waiting: ['waiting', 'completed', 'failed_permanent', 'skipped', 'cancelled'],
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

/** What was tried beyond the queue's own attempts. */
export interface Tries {
  /** Position in `fallback`, from 1; 0: the capability itself. */
  readonly fallback: number;
  readonly repairs: number;
  readonly overloads: number;
  /** For a repair: what was wrong with which output. */
  readonly feedback?: Feedback;
  /** Of the dispatch whose work the next one goes on with: an agent may have begun it, so its effects must not be had under another key. */
  readonly sameAs?: number;
}

export interface Feedback {
  readonly problems: readonly Problem[];
  readonly previousOutput: Json;
}

/** Put back by a rerun, a retry, or a pause that came before an agent took it; or in the queue already, as part of a tree. */
export interface PendingSubtask {
  readonly status: 'pending';
  /** Of its next dispatch. */
  readonly generation: number;
  /** When it was assigned first, if its time goes on from then. */
  readonly since?: number;
  readonly tries?: Tries;
  /** Why it will be dispatched once more. */
  readonly cause?: AssignmentCause;
  /** The mark: its dispatch under this generation is in the queue already, behind those of these subtasks in these generations. */
  readonly behind?: { readonly [need: string]: number };
  /** Only with a mark: its reply, which came before those of what it stands behind. */
  readonly reported?: Report;
}

/** `blocked`: as part of a tree it had nothing to begin with, or not what was recorded. */
export type AssignmentCause = 'lost' | 'repair' | 'fallback' | 'overloaded' | 'resumed' | 'retried' | 'blocked';

export interface AssignedSubtask {
  readonly status: 'assigned';
  readonly generation: number;
  /** When it was assigned first; its time runs from then. */
  readonly assignedAt: number;
  /** When this dispatch was made; its time to live runs from then. */
  readonly issuedAt: number;
  readonly tries?: Tries;
}

/** Held back by the engine until then: the agents are overloaded. */
export interface RetryingSubtask {
  readonly status: 'retrying';
  readonly generation: number;
  readonly assignedAt: number;
  readonly until: number;
  readonly tries: Tries;
}

/** A composite whose parts are at work. */
export interface RunningSubtask {
  readonly status: 'running';
  readonly generation: number;
  readonly assignedAt: number;
  readonly parts: Parts;
}

export type Parts =
  | { readonly kind: 'map'; readonly items: readonly Json[]; readonly again?: ItemsAgain }
  | { readonly kind: 'loop'; readonly round: number; readonly rounds: readonly LoopRound[] }
  | { readonly kind: 'plan'; readonly nodes: readonly Node[]; readonly execution?: Execution };

/** After a retry: which items are done again, in the place of the first so many after those that stay. */
export interface ItemsAgain {
  readonly after: number;
  readonly indexes: readonly number[];
}

export interface LoopRound {
  readonly score: number | null;
}

/** For a person, a signal, or a time. */
export interface WaitingSubtask {
  readonly status: 'waiting';
  readonly generation: number;
  readonly assignedAt: number;
  readonly for: WaitingFor;
}

export type WaitingFor =
  | { readonly kind: 'approval'; readonly expiresAt: number; readonly shown: JsonObject; readonly answers: readonly Answer[] }
  | { readonly kind: 'signal'; readonly signal: string; readonly expiresAt: number }
  | { readonly kind: 'sleep'; readonly until: number };

/** What an approver said. */
export interface Answer {
  readonly by: string;
  readonly decision: 'approve' | 'reject';
  /** Edit and approve: what the approval results in instead of what was shown. */
  readonly value?: Json;
  readonly comment?: string;
  readonly at: number;
}

export interface CompletedSubtask {
  readonly status: 'completed';
  readonly generation: number;
  readonly assignedAt: number;
  readonly settledAt: number;
  readonly result: Json;
  readonly execution?: Execution;
  readonly tries?: Tries;
  /** Not as good as was asked for: the best that a loop came to. */
  readonly degraded?: true;
  /** Who did not agree, or did not count: the subtasks whose results are not in this one. */
  readonly dissent?: readonly string[];
  /** A composite's parts, so that a rerun finds them. */
  readonly parts?: Parts;
}

export interface FailedSubtask {
  readonly status: 'failed_permanent';
  readonly generation: number;
  readonly assignedAt: number | null;
  readonly settledAt: number;
  readonly error: Failure;
  readonly execution?: Execution;
  readonly tries?: Tries;
  /** The subtask is optional: its result is null, and the workflow goes on. */
  readonly tolerated?: true;
  readonly parts?: Parts;
}

export interface SkippedSubtask {
  readonly status: 'skipped';
  readonly generation: number;
  readonly settledAt: number;
  readonly reason: string;
}

export interface CancelledSubtask {
  readonly status: 'cancelled';
  readonly generation: number;
  readonly settledAt: number;
  readonly parts?: Parts;
}

/** What the engine records of a subtask. No record: `pending`, generation 0. */
export type Subtask =
  | PendingSubtask
  | AssignedSubtask
  | RetryingSubtask
  | RunningSubtask
  | WaitingSubtask
  | CompletedSubtask
  | FailedSubtask
  | SkippedSubtask
  | CancelledSubtask;

export type SettledSubtask = CompletedSubtask | FailedSubtask | SkippedSubtask | CancelledSubtask;

const settledStatuses: ReadonlySet<SubtaskStatus> = new Set(['completed', 'failed_permanent', 'skipped', 'cancelled']);

export function isSettled(subtask: Subtask | undefined): subtask is SettledSubtask {
  return subtask !== undefined && settledStatuses.has(subtask.status);
}

export type MarkedSubtask = PendingSubtask & { readonly behind: { readonly [need: string]: number } };

/** Pending, and in the queue already. */
export function isMarked(subtask: Subtask | undefined): subtask is MarkedSubtask {
  return subtask?.status === 'pending' && subtask.behind !== undefined;
}

export function triesOf(subtask: Subtask | undefined): Tries | undefined {
  return subtask !== undefined && 'tries' in subtask ? subtask.tries : undefined;
}

export function canFollow(from: SubtaskStatus, to: SubtaskStatus): boolean {
  return (subtaskTransitions[from] as readonly SubtaskStatus[]).includes(to);
}

/** What a subtask came to, as its agent or the engine reports it. */
export type Outcome =
  | { readonly status: 'completed'; readonly result: Json; readonly contextUpdate?: JsonObject }
  | { readonly status: 'failed'; readonly error: Failure }
  /** The agents have too much to do: not before then, and not an attempt. */
  | { readonly status: 'overloaded'; readonly retryAfterMs: number }
  /** Not begun, because the workflow was paused or cancelled. */
  | { readonly status: 'held' }
  /** Not begun, because what stands before it in its tree has brought nothing that it could begin with. */
  | { readonly status: 'blocked' };
