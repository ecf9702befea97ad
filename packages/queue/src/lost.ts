/** A job with which one agent after the other died: when it is given up, and what that is called. */
import type { Failure } from '@baton/core';
import type { AssignmentMessage } from '@baton/protocol';

/** So often a job may be left alone; the next time it is given up. */
export const stallsMaxDefault = 2;

export function lostFailure({ payload }: AssignmentMessage, reason: string): Failure {
  return { code: 'AGENT_LOST', message: `No agent came to an end with it (${reason}): look for what ends the agents of ${payload.operation}.` };
}
