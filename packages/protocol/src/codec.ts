/** The one mapping between the messages (snake_case, ISO times) and core (camelCase, ms). */
import type { Assignment, Problem, Report } from '@baton/core';
import { AssignmentMessage, ReplyMessage } from './message.ts';
import { capabilityQueue } from './queue-name.ts';

export type Parsed<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly problems: readonly Problem[] };

/** @param messageId the dispatch's id, which is the job's id too */
export function assignmentMessage(assignment: Assignment, messageId: string): AssignmentMessage {
  return {
    message_id: messageId,
    type: 'request',
    sender: 'orchestrator/baton/v1',
    receiver: capabilityQueue(assignment.capability),
    timestamp: new Date(assignment.issuedAt).toISOString(),
    payload: { operation: assignment.capability, parameters: assignment.parameters as AssignmentMessage['payload']['parameters'] },
    metadata: {
      workflow_id: assignment.workflowId,
      subtask_id: assignment.subtaskId,
      correlation_id: messageId,
      ttl_ms: assignment.ttlMs,
      workflow_type: assignment.workflowType,
      partition: assignment.partition,
      generation: assignment.generation,
      attempt_timeout_ms: assignment.attemptTimeoutMs,
    },
  };
}

export function parseAssignment(data: unknown): Parsed<AssignmentMessage> {
  return parsed(AssignmentMessage.safeParse(data));
}

/** The reply to an assignment, as the agent sends it. */
export function replyMessage(assignment: AssignmentMessage, report: Required<Pick<Report, 'outcome' | 'execution'>>): ReplyMessage {
  const { outcome, execution } = report;
  return {
    message_id: `${assignment.message_id}~reply`,
    type: 'response',
    sender: execution.agent,
    receiver: assignment.sender,
    timestamp: new Date(execution.finishedAt).toISOString(),
    payload:
      outcome.status === 'completed'
        ? { status: 'completed', result: outcome.result, ...(outcome.contextUpdate && { context_update: outcome.contextUpdate }) }
        : { status: 'failed', error: outcome.error },
    metadata: {
      workflow_id: assignment.metadata.workflow_id,
      subtask_id: assignment.metadata.subtask_id,
      correlation_id: assignment.message_id,
      generation: assignment.metadata.generation,
      agent: execution.agent,
      attempt: execution.attempt,
      started_at: new Date(execution.startedAt).toISOString(),
      finished_at: new Date(execution.finishedAt).toISOString(),
      ...(execution.usage && { usage: execution.usage }),
    },
  } as ReplyMessage;
}

/** What the engine makes of a reply, parsed. */
export function reportOf(reply: ReplyMessage): Report {
  const { payload, metadata } = reply;
  return {
    workflowId: metadata.workflow_id,
    subtaskId: metadata.subtask_id,
    generation: metadata.generation,
    outcome:
      payload.status === 'completed'
        ? { status: 'completed', result: payload.result, ...(payload.context_update && { contextUpdate: payload.context_update }) }
        : { status: 'failed', error: failure(payload.error) },
    execution: {
      agent: metadata.agent,
      attempt: metadata.attempt,
      startedAt: Date.parse(metadata.started_at),
      finishedAt: Date.parse(metadata.finished_at),
      ...(metadata.usage && { usage: metadata.usage }),
    },
  };
}

/** @param text JSON of a reply, as it stands in the stream or in the job's return value */
export function parseReply(text: string): Parsed<Report> {
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch (error) {
    return { ok: false, problems: [{ path: '', code: 'not_json', message: `The reply is not JSON: ${(error as Error).message}` }] };
  }
  const reply = parsed(ReplyMessage.safeParse(data));
  return reply.ok ? { ok: true, value: reportOf(reply.value) } : reply;
}

function failure({ code, message, details }: Extract<ReplyMessage['payload'], { status: 'failed' }>['error']) {
  return { code, message, ...(details !== undefined && { details }) };
}

function parsed<T>(
  result: { success: true; data: T } | { success: false; error: { issues: readonly { path: readonly PropertyKey[]; code: string; message: string }[] } },
): Parsed<T> {
  if (result.success) return { ok: true, value: result.data };
  const problems = result.error.issues.map(({ path, code, message }) => ({ path: path.map((part) => `/${String(part)}`).join(''), code, message }));
  return { ok: false, problems };
}
