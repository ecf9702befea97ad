/** The errors of whoever uses this package: an agent's are its kit's, so that a queue knows what is worth another attempt. This package throws no others on purpose. */

/** Another attempt would fail the same way. @example NonRetryableError */
export type Refusal = new (message: string, options: { readonly code: string; readonly cause?: unknown }) => Error;

/** Another attempt may work, but not earlier than that. @example RetryAfterError */
export type Postponement = new (retryAfterMs: number, message: string) => Error;

export interface SourceErrors {
  readonly Refused: Refusal;
  readonly Postponed: Postponement;
}
