/** What a handler gets beside its input. */
import type { Feedback } from '@baton/core';

/** The part of a pino Logger that the kit needs: one object with its `event`. */
export interface AgentLogger {
  debug(fields: object, message?: string): void;
  info(fields: object, message?: string): void;
  warn(fields: object, message?: string): void;
  error(fields: object, message?: string): void;
  child(fields: Record<string, unknown>): AgentLogger;
}

export interface HandlerContext {
  /**
   * Aborts when nobody waits for this attempt any more; `signal.reason.code` says why: `ATTEMPT_TIMEOUT` (its time is over), `WORKFLOW_CANCELLED`
   * (cancelled, ended or timed out, within a second of that on any machine, after the grace of a soft cancel), `AGENT_STOPPING` (this process
   * ends) or `LOCK_LOST` (another agent has the job). Pass it on to whatever waits; what the handler does afterwards, nobody hears.
   *
   * @example
   * const response = await fetch(url, { signal });
   */
  readonly signal: AbortSignal;
  /** 0 to 100, and a short text for people. As often as you like: one a second is sent. */
  readonly progress: (percent: number, message?: string) => void;
  /** Carries `workflow_id`, `subtask_id`, `capability` and `attempt`. */
  readonly logger: AgentLogger;
  /** From 1. */
  readonly attempt: number;
  /**
   * The output for the same input did not fit its schema or the workflow's rules: what was wrong (`path` is a JSON Pointer into the output) and
   * the output itself, as text if it was too long. Null at the first try. A handler that ignores it does the same again.
   *
   * @example
   * const prompt = repair === null ? ask(input) : mend(repair.previousOutput, repair.problems.map(({ path, message }) => `${path}: ${message}`));
   */
  readonly repair: Feedback | null;
  /** The same for all attempts of one dispatch, and for no other (a repair, a fallback and a rerun are other dispatches): give it to whatever must do a thing once. */
  readonly idempotencyKey: string;
  readonly workflowId: string;
  readonly subtaskId: string;
}
