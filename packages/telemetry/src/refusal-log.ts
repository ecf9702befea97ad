/** Says that starts find no place, and why: under an overload once in a while for each limit, not once for each start. */
import type { Logger } from './logger.ts';

export interface RefusedStart {
  readonly limit: string;
  readonly of: string;
  readonly message: string;
}

const everyMs = 10_000;

/** @param now ms that only ever grow */
export function logRefusals(log: Pick<Logger, 'warn'>, now: () => number): (workflowType: string, refused: RefusedStart) => void {
  const told = new Map<string, { at: number; since: number }>();

  return (workflow_type, { limit, of, message }) => {
    const before = told.get(limit);
    if (before !== undefined && now() - before.at < everyMs) {
      before.since += 1;
      return;
    }
    log.warn({ event: 'starts_not_admitted', limit, of, workflow_type, message, more_since_last: before?.since ?? 0 });
    told.set(limit, { at: now(), since: 0 });
  };
}
