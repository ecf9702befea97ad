/** Why an attempt is told to stop: the reasons of its signal. */

/** The agent stops: another one goes on with the job. */
export class HandBackError extends Error {
  readonly code = 'AGENT_STOPPING';
}

/** The job is no longer ours. */
export class LockLostError extends Error {
  readonly code = 'LOCK_LOST';
}

/** Nobody wants the result any more: the workflow was cancelled or has ended, or this subtask of it is not needed. */
export class CancelledError extends Error {
  readonly code = 'WORKFLOW_CANCELLED';
}
