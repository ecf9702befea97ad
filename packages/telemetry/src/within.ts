/** A bound on waiting for the outside world: what answers HTTP must never hang on Redis. */

export class DeadlineError extends Error {
  readonly code = 'DEADLINE_EXCEEDED';
}

/**
 * The promise's value, or a rejection after `timeoutMs`. What it does goes on; only the waiting ends.
 *
 * @param what names the work in the message: `Redis did not answer PING within 1000 ms.`
 * @throws {DeadlineError}
 */
export async function within<T>(timeoutMs: number, what: string, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new DeadlineError(`${what} within ${timeoutMs} ms.`)), timeoutMs);
  });
  try {
    return await Promise.race([promise, deadline]);
  } finally {
    clearTimeout(timer);
  }
}
