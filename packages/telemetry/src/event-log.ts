/**
 * The workflow events as log lines, under the guide's names and fields ("Workflow Monitoring"). Always with `workflow_id`;
 * `timestamp` is when it happened, the line's own `time` when it was written. Not here: what agents and people send. Of a failure the code and the
 * beginning of its message; its details may be a whole output.
 */
import type { Failure, RecordedEvent, WorkflowHeader } from '@baton/core';
import type { Logger } from './logger.ts';

const messageLengthMax = 2_000;
const namesMax = 50;

type Line = { readonly event: string; readonly workflow_id: string; readonly [field: string]: unknown };

/**
 * @example
 * createEngine({ store, queue, now, observe: logEvents(log) });
 */
export function logEvents(log: Pick<Logger, 'info' | 'warn'>): (header: WorkflowHeader, event: RecordedEvent) => void {
  return (header, event) => {
    const line: Line = { event: event.type, workflow_id: header.id, ...fields(header, event), timestamp: new Date(event.at).toISOString() };
    if ('error' in event) log.warn(line);
    else log.info(line);
  };
}

function fields(header: WorkflowHeader, event: RecordedEvent): Record<string, unknown> {
  if (isOfWorkflow(event)) return { type: `${header.type}_v${header.version}`, ...workflowFields(event) };
  switch (event.type) {
    case 'subtask_assigned':
      return { ...subtask(event), ...('cause' in event && { cause: event.cause }) };
    case 'subtask_completed':
    case 'subtask_failed':
      return {
        subtask_id: event.subtaskId,
        capability: event.capability,
        worker: event.agent,
        attempt: event.attempt,
        duration_ms: event.durationMs,
        ...('error' in event && { error: failure(event.error) }),
        ...('tolerated' in event && { optional: true }),
      };
    case 'subtask_setback':
      return { ...subtask(event), next: event.next, ...(event.error && { error: failure(event.error) }) };
    case 'subtask_skipped':
      return { subtask_id: event.subtaskId, reason: event.reason };
    case 'subtask_cancelled':
      return { subtask_id: event.subtaskId };
    case 'subtask_waiting':
      return { subtask_id: event.subtaskId, for: event.for, until: new Date(event.until).toISOString() };
    case 'approval_answered':
      return { subtask_id: event.subtaskId, by: event.by, decision: event.decision };
    case 'signal_received':
      return { signal: event.signal, by: event.by };
    case 'context_updated':
      return { subtask_id: event.subtaskId, paths: some(event.paths), ...(event.refused.length > 0 && { refused: some(event.refused) }) };
  }
}

type WorkflowLevelEvent = Extract<RecordedEvent, { type: `workflow_${string}` }>;

function isOfWorkflow(event: RecordedEvent): event is WorkflowLevelEvent {
  return event.type.startsWith('workflow_');
}

function workflowFields(event: WorkflowLevelEvent): Record<string, unknown> {
  switch (event.type) {
    case 'workflow_started':
      return { caller: event.caller };
    case 'workflow_paused':
    case 'workflow_resumed':
      return { by: event.by };
    case 'workflow_retried':
      return { by: event.by, from: some(event.from) };
    case 'workflow_completed': {
      const partial = event.partialFailures !== undefined && { partial_failures: event.partialFailures };
      return { status: 'success', duration_sec: event.durationMs / 1000, ...partial };
    }
    case 'workflow_cancelled':
      return { status: 'cancelled', duration_sec: event.durationMs / 1000, by: event.by, grace_ms: event.graceMs };
    case 'workflow_failed':
    case 'workflow_timed_out':
      return { status: 'failure', duration_sec: event.durationMs / 1000, error: failure(event.error) };
  }
}

function failure({ code, message }: Failure): Pick<Failure, 'code' | 'message'> {
  return { code, message: message.length <= messageLengthMax ? message : `${message.slice(0, messageLengthMax)}…` };
}

/** A step may write a thousand paths. */
function some(names: readonly string[]): readonly string[] {
  return names.length <= namesMax ? names : [...names.slice(0, namesMax), `… ${names.length - namesMax} more`];
}

function subtask({ subtaskId, capability, generation }: { readonly subtaskId: string; readonly capability: string; readonly generation: number }): object {
  return { subtask_id: subtaskId, capability, generation };
}
