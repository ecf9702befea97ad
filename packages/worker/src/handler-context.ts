/** What a handler gets beside its input. */

/** The part of a pino Logger that the kit needs: one object with its `event`. */
export interface AgentLogger {
  debug(fields: object, message?: string): void;
  info(fields: object, message?: string): void;
  warn(fields: object, message?: string): void;
  error(fields: object, message?: string): void;
  child(fields: Record<string, unknown>): AgentLogger;
}

export interface HandlerContext {
  /** Aborts when the attempt's time is over, when the agent must stop, and when the job was lost to another agent. Pass it on to whatever waits. */
  readonly signal: AbortSignal;
  /** 0 to 100, and a short text for people. As often as you like: one a second is sent. */
  readonly progress: (percent: number, message?: string) => void;
  /** Carries `workflow_id`, `subtask_id`, `capability` and `attempt`. */
  readonly logger: AgentLogger;
  /** From 1. */
  readonly attempt: number;
  /** The same for all attempts of one dispatch, and for no other: give it to whatever must do a thing once. */
  readonly idempotencyKey: string;
  readonly workflowId: string;
  readonly subtaskId: string;
}
