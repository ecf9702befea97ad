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
  /**
   * The same for all attempts at this work, whatever comes between them: agents that die, a pause, a job that Redis lost. Other work has another one: a
   * repair, a fallback, a rerun, what follows an `AgentOverloadedError`. Give it to whatever must do a thing once.
   */
  readonly idempotencyKey: string;
  /**
   * Has an effect once in all attempts at this work, on whatever agent: what `effect` comes to is kept, and who calls `once` with the same key again
   * gets that without running it. One round trip to Redis before the effect, in which it is also made sure that the job is still ours, and one after it.
   *
   * What it cannot do:
   * - If the process dies after the effect and before its result is kept, the next attempt runs it again. Only who has the effect can close that gap:
   *   hand them `idempotencyKey` (with the key, where there are several).
   * - Two attempts are in `effect` at the same time if one lost its job while it was in there (`LOCK_LOST`). Both get the result that was kept first.
   *   An attempt that has lost its job, or whose signal is aborted, begins no other effect.
   * - It holds for what has the same `idempotencyKey`: a repair, a fallback, a rerun, and what follows an `AgentOverloadedError` begin anew.
   * - Results are kept for as long as the job may run with all its attempts, and an hour more. They are then gone, like those of a Redis that lost its last second.
   *
   * What `effect` throws is not kept. Its result comes back as JSON leaves it, at the first time too: a Date is a string then.
   *
   * @param key names the effect, 1 to 200 characters; a subtask may have 100
   * @throws {NonRetryableError} `PAYLOAD_TOO_LARGE` if the result has more than 256 KiB as JSON, `ONCE_NOT_JSON`, `TOO_MANY_ONCE_KEYS`, `BAD_ONCE_KEY`; the first two
   * when the effect has happened
   * @throws the reason of `signal`, without running `effect`, when that is aborted
   * @example
   * const { id } = await once('charge', () => payments.charge({ amount, idempotencyKey: `${idempotencyKey}/charge` }));
   * await once('receipt', () => mail.send({ to, charge: id }));
   */
  readonly once: <Result>(key: string, effect: () => Result | Promise<Result>) => Promise<Result>;
  readonly workflowId: string;
  readonly subtaskId: string;
}
