/** What a dispatch hands to an agent, and what comes back. The wire forms are `protocol`'s. */
import type { JsonObject } from './json.ts';
import type { RetryPolicy } from './retry.ts';
import type { Execution, Outcome } from './subtask.ts';

/** Complete: an agent needs no read before it works, and sees only what it was given. */
export interface Assignment {
  readonly workflowId: string;
  readonly workflowType: string;
  readonly partition: number;
  readonly subtaskId: string;
  readonly generation: number;
  readonly capability: string;
  readonly parameters: JsonObject;
  readonly retry: RetryPolicy;
  readonly attemptTimeoutMs: number;
  /** Not to be started later than this many ms after `issuedAt`. */
  readonly ttlMs: number;
  readonly issuedAt: number;
}

/** A set of subtasks that the queue runs without the engine between them: `inputs` first, then `assignment`. One node is the base case. */
export interface Tree {
  readonly assignment: Assignment;
  readonly inputs: readonly Tree[];
}

/** A reply, or what stands in for one: which dispatch it answers and what that came to. */
export interface Report {
  readonly workflowId: string;
  readonly subtaskId: string;
  readonly generation: number;
  readonly outcome: Outcome;
  readonly execution?: Execution;
}
