/**
 * What the owner of a parent is told when a child workflow ends: a reply like any agent's, in the commit of the end, so that neither is without
 * the other. The message is protocol's `ReplyMessage`, written by hand, since the store knows core only; a contract test holds it to `parseReply`.
 */
import { type Commit, dispatchId, hasEnded, type JsonObject, partitionOf, type Schema, type WorkflowState } from '@baton/core';
import { type Write, write } from './guarded-write.ts';
import type { StoreKeys } from './store-keys.ts';

/** The text of a reply to that workflow. */
export type ReplyTextOf = (workflowId: string, message: { readonly payload: JsonObject }) => string;

type Ended = Extract<WorkflowState, { endedAt: number }>;

const codes = { failed: 'CHILD_FAILED', cancelled: 'CHILD_CANCELLED', timed_out: 'CHILD_TIMED_OUT' } as const;
const verbs = { failed: 'failed', cancelled: 'was cancelled', timed_out: 'timed out' } as const;

export function childReplyWrites(
  keys: StoreKeys,
  { workflow: { header }, patch: { state } }: Commit,
  { version }: Schema,
  textOf: ReplyTextOf,
): readonly Write[] {
  const { parent } = header;
  if (parent === undefined || state === undefined || !hasEnded(state)) return [];
  const agent = `workflow/${header.id}`;
  const [startedAt, finishedAt] = [header.createdAt, state.endedAt].map((at) => new Date(at).toISOString());
  const dispatch = dispatchId(parent.workflowId, parent.subtaskId, parent.generation);
  const message = {
    message_id: `${dispatch}~reply`,
    type: 'response',
    sender: agent,
    receiver: 'orchestrator/baton/v1',
    timestamp: finishedAt,
    payload: payloadOf(header.id, state),
    metadata: {
      workflow_id: parent.workflowId,
      subtask_id: parent.subtaskId,
      correlation_id: dispatch,
      generation: parent.generation,
      agent,
      attempt: 1,
      started_at: startedAt,
      finished_at: finishedAt,
      ...(version > 1 && { schema_version: version }),
    },
  };
  return write('XADD', keys.childReplies(partitionOf(parent.workflowId)), ['*', 'reply', textOf(parent.workflowId, message)]);
}

function payloadOf(id: string, state: Ended): JsonObject {
  if (state.status === 'completed') return { status: 'completed', result: state.result };
  const { code, message, details } = state.error;
  const cause: JsonObject = { workflow_id: id, code, message, ...(details !== undefined && { details }) };
  return { status: 'failed', error: { code: codes[state.status], message: `The workflow "${id}" ${verbs[state.status]}: ${message}`, details: cause } };
}
