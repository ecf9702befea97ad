/** What an agent is given of a job, and what it may make of it. */
import type { Failure, Progress } from '@baton/core';
import type { AssignmentMessage, ReplyMessage } from '@baton/protocol';
import type { OnceCalls } from './once-calls.ts';

/** One attempt at an assignment. */
export interface Delivery {
  /** In a tree: with what its inputs have brought filled in. */
  readonly assignment: AssignmentMessage;
  /** From 1; a job that was handed back, or whose agent died, comes again under the same attempt. */
  readonly attempt: number;
  readonly attemptsMax: number;
  /** Some agent had it before, at this attempt or another. */
  readonly isRedelivered: boolean;
  /** Paused or cancelled before this attempt began: it must not. */
  readonly isHeld: boolean;
  /** In a tree: an input has brought no result, or not what must be there. It cannot begin. */
  readonly isBlocked: boolean;
  /** What its parameters refer to is gone: it cannot begin. */
  readonly isLost: boolean;
  /** From when its time to live runs, by the clocks of those who sent it and its inputs. */
  readonly agesFrom: number;
  /** Taken before the check, so that what began is never later than the commit which found it running. */
  readonly beganAt: number;
  /**
   * Its signal is the attempt's. Aborts with a `HandBackError` when the agent must stop, with a `LockLostError` when the job is no longer ours,
   * with a `CancelledError` when the workflow was cancelled; whoever carries out the attempt may abort it with reasons of its own.
   */
  readonly controller: AbortController;
  /** What this dispatch's calls of `once` have come to, in this attempt and those before. */
  readonly onceCalls: OnceCalls;
  /** How long to wait before the next attempt, by the assignment's policy. */
  readonly nextDelayMs: () => number;
  readonly progress: (progress: Progress) => Promise<void>;
}

/** What becomes of a delivery. */
export type Verdict =
  | { readonly kind: 'reply'; readonly reply: ReplyMessage }
  /** Not after the last attempt: that one is replied. */
  | { readonly kind: 'retry'; readonly error: Failure; readonly stack?: string | undefined; readonly delayMs: number }
  /** To the head of the queue, for another agent, without using up an attempt. */
  | { readonly kind: 'hand_back' }
  /** The job is no longer ours: whoever has it now goes on with it. */
  | { readonly kind: 'lost' };
