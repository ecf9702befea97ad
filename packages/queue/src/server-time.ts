/** The clock of Redis, which all processes share. */

/** @param time the answer to TIME: seconds, and microseconds beyond them */
export function msOf([seconds, microseconds]: readonly (string | number)[]): number {
  return Number(seconds) * 1_000 + Math.floor(Number(microseconds) / 1_000);
}
