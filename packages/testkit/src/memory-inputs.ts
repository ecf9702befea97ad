/** What an assignment in a tree begins with, as the worker kit makes it of the replies of its inputs. */
import { type Json, jsonHash, resolveBindings } from '@baton/core';
import { type AssignmentMessage, parseReply, type ReplyMessage } from '@baton/protocol';

export interface Beginning {
  /** With its parameters filled in. */
  readonly assignment: AssignmentMessage;
  /** An input has brought no result, or not what must be there. */
  readonly isBlocked: boolean;
  /** From when its time to live runs. */
  readonly agesFrom: number;
}

/** @param replies of its inputs, as far as there are any */
export function beginningOf(assignment: AssignmentMessage, replies: readonly ReplyMessage[]): Beginning {
  const { payload, metadata, timestamp } = assignment;
  const inputs = metadata.inputs ?? [];
  const issuedAt = Date.parse(timestamp);
  if (inputs.length === 0) return { assignment, isBlocked: false, agesFrom: issuedAt };
  const reports = replies.flatMap((reply) => {
    const parsed = parseReply(JSON.stringify(reply));
    return parsed.ok ? [parsed.value] : [];
  });
  const results = new Map(reports.flatMap(({ subtaskId, outcome }): [string, Json][] => (outcome.status === 'completed' ? [[subtaskId, outcome.result]] : [])));
  const bound = resolveBindings(payload.parameters, payload.bindings ?? [], results);
  if (!bound.ok || !inputs.every((input) => results.has(input))) return { assignment, isBlocked: true, agesFrom: issuedAt };
  const finished = reports.map(({ subtaskId, execution }) => [subtaskId, execution?.finishedAt ?? 0] as const);
  const built_on = Object.fromEntries(finished.map(([input, at]) => [input, new Date(at).toISOString()]));
  const parameters = bound.value as typeof payload.parameters;
  return {
    assignment: { ...assignment, payload: { ...payload, parameters }, metadata: { ...metadata, built_on, parameters_hash: jsonHash(bound.value) } },
    isBlocked: false,
    agesFrom: Math.max(issuedAt, ...finished.map(([, at]) => at)),
  };
}
