/** What a dispatch hands to an agent, and what comes back. The wire forms are `protocol`'s. */
import type { Json, JsonObject } from './json.ts';
import type { RetryPolicy } from './retry.ts';
import type { Execution, Feedback, Outcome } from './subtask.ts';
import type { ParentRef } from './workflow.ts';

/** Complete: an agent needs no read before it works, and sees only what it was given. */
export interface Assignment {
  readonly workflowId: string;
  readonly workflowType: string;
  readonly partition: number;
  readonly subtaskId: string;
  readonly generation: number;
  readonly capability: string;
  readonly parameters: JsonObject;
  /** Of their JSON. */
  readonly parametersBytes: number;
  /** In a tree: what in `parameters` is filled in from the results of inputs, by the agent. */
  readonly bindings?: readonly Binding[];
  /** In a tree: ids of the subtasks that the queue runs before this one, those included that are only waited for. */
  readonly inputs?: readonly string[];
  /** The id of the dispatch whose work this one goes on with. */
  readonly idempotencyKey?: string;
  /** The agent's last result for the same parameters did not fit: what was wrong with it. */
  readonly repair?: Feedback;
  readonly retry: RetryPolicy;
  readonly attemptTimeoutMs: number;
  /** Not to be started later than this many ms after `issuedAt`. */
  readonly ttlMs: number;
  readonly issuedAt: number;
}

/** One place in the parameters (null until it is filled) for a value inside the result of an input. */
export interface Binding {
  /** Member names and list indexes, from the parameters down. */
  readonly at: readonly string[];
  /** A subtask's id. */
  readonly input: string;
  /** Inside its result. */
  readonly path: readonly string[];
  /** May be absent: then the member is left out, and in a list it is null. */
  readonly optional: boolean;
}

/** A set of subtasks that the queue runs without the engine between them: `inputs` first, then `assignment`. One node is the base case. */
export interface Tree {
  readonly assignment: Assignment;
  readonly inputs: readonly Tree[];
}

/** Everything that is dispatched with the tree. */
export function assignmentsOf({ assignment, inputs }: Tree): readonly Assignment[] {
  return [assignment, ...inputs.flatMap(assignmentsOf)];
}

/** A workflow to be started as the work of a subtask. The same start twice is one workflow: `workflowId` is derived from the subtask's. */
export interface ChildStart {
  readonly parent: ParentRef;
  readonly workflowId: string;
  readonly type: string;
  readonly version: number | 'latest';
  readonly params: Json;
  readonly caller: string;
  readonly depth: number;
  readonly issuedAt: number;
}

/** Somebody is to be told that an answer is waited for. */
export interface Notification {
  readonly workflowId: string;
  readonly workflowType: string;
  readonly subtaskId: string;
  readonly generation: number;
  readonly url: string;
  readonly shown: JsonObject;
  readonly approvers: readonly string[];
  readonly expiresAt: number;
  readonly issuedAt: number;
}

/** What is done after a commit, and found again if it was not (the outbox). */
export type Effect =
  | ({ readonly kind: 'dispatch' } & Tree)
  | { readonly kind: 'start_child'; readonly start: ChildStart }
  | { readonly kind: 'notify'; readonly notification: Notification }
  /** A workflow above was paused, resumed or ended: so is this one. `subtaskId` is the step whose work it is. */
  | {
      readonly kind: 'control_child';
      readonly subtaskId: string;
      readonly workflowId: string;
      readonly control: 'pause' | 'resume' | 'cancel' | 'terminate';
      readonly graceMs: number;
      readonly by: string;
    };

/** A reply, or what stands in for one: which dispatch it answers and what that came to. */
export interface Report {
  readonly workflowId: string;
  readonly subtaskId: string;
  readonly generation: number;
  readonly outcome: Outcome;
  readonly execution?: Execution;
  /** When it came, by the clock of Redis. Absent where the engine itself reports. */
  readonly at?: number;
  /** Whose stream it came in: only that capability's agents can write there. Absent where the engine itself reports. */
  readonly capability?: string;
  /** In a tree: by input, when the reply that this one builds on was finished. An agent that dies at the wrong moment makes two of one dispatch. */
  readonly builtOn?: { readonly [input: string]: number };
  /** Beside that: the hash of the parameters as they were filled in, so that two answers that come to the same are the same. */
  readonly parametersHash?: string;
}
