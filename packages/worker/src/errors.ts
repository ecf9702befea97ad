/** How a handler says what its failure means. Whatever else it throws is worth another attempt. */
import type { Json } from '@baton/core';

export { CancelledError } from '@baton/queue';

export interface AgentErrorOptions extends ErrorOptions {
  /** Stable, for programs: `SOURCE_NOT_FOUND`. */
  readonly code?: string;
  readonly details?: Json;
}

/**
 * Another attempt would fail the same way: the subtask fails now.
 *
 * @example
 * throw new NonRetryableError(`There is no file ${path}: check the parameter "path".`, { code: 'SOURCE_NOT_FOUND' });
 */
export class NonRetryableError extends Error {
  readonly code: string;
  readonly details: Json | undefined;

  constructor(message: string, { code = 'NON_RETRYABLE', details, ...options }: AgentErrorOptions = {}) {
    super(message, options);
    this.name = 'NonRetryableError';
    this.code = code;
    this.details = details;
  }
}

/**
 * The next attempt, if there is one, starts after `retryAfterMs` instead of after the backoff: what a `Retry-After` header asks for.
 */
export class RetryAfterError extends Error {
  readonly retryAfterMs: number;
  readonly code: string;
  readonly details: Json | undefined;

  constructor(
    retryAfterMs: number,
    message = `Asked to come again after ${retryAfterMs} ms.`,
    { code = 'RETRY_AFTER', details, ...options }: AgentErrorOptions = {},
  ) {
    super(message, options);
    this.name = 'RetryAfterError';
    this.retryAfterMs = retryAfterMs;
    this.code = code;
    this.details = details;
  }
}

/**
 * There is too much to do: nobody tries the subtask before `retryAfterMs` have passed, and it has not used up an attempt. A workflow's type
 * says how often that may happen (`overloads`) before it counts as a failure.
 *
 * @example
 * if (running >= slots) throw new AgentOverloadedError(5_000);
 */
export class AgentOverloadedError extends Error {
  readonly retryAfterMs: number;
  readonly code = 'AGENT_OVERLOADED';

  constructor(retryAfterMs: number, message = `The agent has too much to do: come again after ${retryAfterMs} ms.`, options?: ErrorOptions) {
    super(message, options);
    this.name = 'AgentOverloadedError';
    this.retryAfterMs = retryAfterMs;
  }
}

/** The attempt took longer than the assignment allows. The reason of the handler's signal, and worth another attempt. */
export class AttemptTimeoutError extends Error {
  readonly code = 'ATTEMPT_TIMEOUT';

  constructor(timeoutMs: number) {
    super(`The attempt took longer than its ${timeoutMs} ms: raise attempt_timeout_ms, or make the step smaller.`);
    this.name = 'AttemptTimeoutError';
  }
}
