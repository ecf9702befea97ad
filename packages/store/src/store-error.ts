/** What can go wrong between the store and Redis. Everything else is an outcome, and a value. */

export type StoreErrorCode =
  /** No answer. What was sent may or may not have been written: load again. */
  | 'UNREACHABLE'
  /** Redis answered with an error: out of memory, read only, a missing permission, a key of another kind. */
  | 'REFUSED'
  /** What is stored cannot be read. */
  | 'CORRUPT'
  /** A cursor or an event id that the store did not give out. */
  | 'BAD_CURSOR';

export class StoreError extends Error {
  override readonly name = 'StoreError';
  readonly code: StoreErrorCode;

  constructor(code: StoreErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** An error of ioredis as one of ours. */
export function storeError(cause: unknown): StoreError {
  if (cause instanceof StoreError) return cause;
  const message = cause instanceof Error ? cause.message : String(cause);
  const refused = cause instanceof Error && cause.name === 'ReplyError';
  return refused
    ? new StoreError('REFUSED', `Redis refused: ${message}`, { cause })
    : new StoreError('UNREACHABLE', `Redis does not answer: ${message}. Check that it runs and that BATON_REDIS_URL is right.`, { cause });
}
