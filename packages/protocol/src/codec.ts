/** The one mapping between the messages (snake_case, ISO times) and core (camelCase, ms). */
import type { Assignment, Feedback, Outcome, Problem, Report } from '@baton/core';
import { byReferenceIn, withValue } from './by-reference.ts';
import { AssignmentMessage, ReplyMessage } from './message.ts';
import { capabilityQueue } from './queue-name.ts';

export type Parsed<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly problems: readonly Problem[] };

type Payload = AssignmentMessage['payload'];

/** @param messageId the dispatch's id, which is the job's id too */
export function assignmentMessage(assignment: Assignment, messageId: string, schemaVersion = 1): AssignmentMessage {
  return {
    message_id: messageId,
    type: 'request',
    sender: 'orchestrator/baton/v1',
    receiver: capabilityQueue(assignment.capability),
    timestamp: new Date(assignment.issuedAt).toISOString(),
    payload: {
      operation: assignment.capability,
      parameters: assignment.parameters as Payload['parameters'],
      ...(assignment.bindings && { bindings: assignment.bindings as Payload['bindings'] }),
      ...(assignment.repair && { repair: repairMessage(assignment.repair) }),
    },
    metadata: {
      workflow_id: assignment.workflowId,
      subtask_id: assignment.subtaskId,
      correlation_id: messageId,
      ttl_ms: assignment.ttlMs,
      workflow_type: assignment.workflowType,
      partition: assignment.partition,
      generation: assignment.generation,
      attempt_timeout_ms: assignment.attemptTimeoutMs,
      ...(assignment.idempotencyKey !== undefined && { idempotency_key: assignment.idempotencyKey }),
      ...(schemaVersion > 1 && { schema_version: schemaVersion }),
      ...(assignment.inputs && { inputs: [...assignment.inputs] }),
    },
  };
}

/** What an agent's effects go by: the same for all that goes on with the same work. */
export function idempotencyKeyOf({ message_id, metadata }: AssignmentMessage): string {
  return metadata.idempotency_key ?? message_id;
}

/** By reference: without parameters, until somebody has brought them. */
export function parseAssignment(data: unknown): Parsed<AssignmentMessage> {
  return parsed(AssignmentMessage.safeParse(byReferenceIn(data) === null ? data : withValue(data as object, { parameters: {} })));
}

/** The reply to an assignment, as the agent sends it. */
export function replyMessage(assignment: AssignmentMessage, report: Required<Pick<Report, 'outcome' | 'execution'>>): ReplyMessage {
  const { outcome, execution } = report;
  const { schema_version } = assignment.metadata;
  return {
    message_id: `${assignment.message_id}~reply`,
    type: 'response',
    sender: execution.agent,
    receiver: assignment.sender,
    timestamp: new Date(execution.finishedAt).toISOString(),
    payload: outcomeMessage(outcome),
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
      ...(schema_version !== undefined && { schema_version }),
      ...(assignment.metadata.built_on && { built_on: assignment.metadata.built_on }),
      ...(assignment.metadata.parameters_hash !== undefined && { parameters_hash: assignment.metadata.parameters_hash }),
    },
  };
}

/** What the engine makes of a reply, parsed. */
export function reportOf(reply: ReplyMessage): Report {
  const { payload, metadata } = reply;
  return {
    workflowId: metadata.workflow_id,
    subtaskId: metadata.subtask_id,
    generation: metadata.generation,
    outcome: outcomeOf(payload),
    execution: {
      agent: metadata.agent,
      attempt: metadata.attempt,
      startedAt: Date.parse(metadata.started_at),
      finishedAt: Date.parse(metadata.finished_at),
      ...(metadata.usage && { usage: metadata.usage }),
    },
    ...(metadata.built_on && { builtOn: Object.fromEntries(Object.entries(metadata.built_on).map(([input, at]) => [input, Date.parse(at)])) }),
    ...(metadata.parameters_hash !== undefined && { parametersHash: metadata.parameters_hash }),
  };
}

/**
 * @param text JSON of a reply, as it stands in the stream or in the job's return value
 * @param capability whose stream or queue that is: only its agents can write there
 */
export function parseReply(text: string, capability?: string): Parsed<Report> {
  const data = parseJson(text);
  return data.ok ? parseReplyData(data.value, capability) : data;
}

/** The text of a reply before anything is known of it. */
export function parseJson(text: string): Parsed<unknown> {
  try {
    return { ok: true, value: JSON.parse(text) as unknown };
  } catch (error) {
    return { ok: false, problems: [{ path: '', code: 'not_json', message: `The reply is not JSON: ${(error as Error).message}` }] };
  }
}

export function parseReplyData(data: unknown, capability?: string): Parsed<Report> {
  const reply = parsed(ReplyMessage.safeParse(data));
  return reply.ok ? { ok: true, value: { ...reportOf(reply.value), ...(capability !== undefined && { capability }) } } : reply;
}

/** What was wrong with which output, for the handler. */
export function feedbackOf({ payload: { repair } }: AssignmentMessage): Feedback | null {
  return repair === undefined ? null : { problems: repair.problems, previousOutput: repair.previous_output };
}

function repairMessage({ problems, previousOutput }: Feedback): Payload['repair'] {
  return { problems: [...problems], previous_output: previousOutput as NonNullable<Payload['repair']>['previous_output'] };
}

type OutcomeMessage = ReplyMessage['payload'];

function outcomeMessage(outcome: Outcome): OutcomeMessage {
  switch (outcome.status) {
    case 'completed':
      return { status: 'completed', result: outcome.result, ...(outcome.contextUpdate && { context_update: outcome.contextUpdate }) } as OutcomeMessage;
    case 'failed':
      return { status: 'failed', error: outcome.error } as OutcomeMessage;
    case 'overloaded':
      return { status: 'overloaded', retry_after_ms: outcome.retryAfterMs };
    case 'held':
    case 'blocked':
      return { status: outcome.status };
  }
}

function outcomeOf(payload: OutcomeMessage): Outcome {
  switch (payload.status) {
    case 'completed':
      return { status: 'completed', result: payload.result, ...(payload.context_update && { contextUpdate: payload.context_update }) };
    case 'failed':
      return { status: 'failed', error: failure(payload.error) };
    case 'overloaded':
      return { status: 'overloaded', retryAfterMs: payload.retry_after_ms };
    case 'held':
    case 'blocked':
      return { status: payload.status };
  }
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
