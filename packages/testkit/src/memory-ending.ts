/** What the end of a workflow means for others, in memory: its parent is told, its conversation gets what it leaves. */
import {
  type Commit,
  compareOrder,
  conversationSurplus,
  dispatchId,
  hasEnded,
  type Json,
  type JsonObject,
  type Outcome,
  partitionOf,
  viewOf,
  type WorkflowState,
} from '@baton/core';
import { type AssignmentMessage, replyMessage } from '@baton/protocol';

export interface ChildReply {
  /** The parent's. */
  readonly partition: number;
  readonly raw: string;
}

/** Told by protocol's own means, which holds the message that the store on Redis writes by hand to it. */
export function childReply({ workflow: { header }, patch: { state } }: Commit): ChildReply | null {
  const { parent } = header;
  if (parent === undefined || state === undefined || !hasEnded(state)) return null;
  const { workflowId, subtaskId, generation } = parent;
  const metadata = { workflow_id: workflowId, subtask_id: subtaskId, generation };
  const asked = { message_id: dispatchId(workflowId, subtaskId, generation), sender: 'orchestrator/baton/v1', metadata } as AssignmentMessage;
  const execution = { agent: `workflow/${header.id}`, attempt: 1, startedAt: header.createdAt, finishedAt: state.endedAt };
  return { partition: partitionOf(workflowId), raw: JSON.stringify(replyMessage(asked, { outcome: outcomeOf(header.id, state), execution })) };
}

function outcomeOf(id: string, state: Extract<WorkflowState, { endedAt: number }>): Outcome {
  if (state.status === 'completed') return { status: 'completed', result: state.result };
  const how = { failed: 'failed', cancelled: 'was cancelled', timed_out: 'timed out' }[state.status];
  const message = `The workflow "${id}" ${how}: ${state.error.message}`;
  return { status: 'failed', error: { code: `CHILD_${state.status.toUpperCase()}`, message, details: { workflow_id: id, ...state.error } } };
}

interface Left {
  readonly value: Json;
  readonly at: number;
  readonly by: string;
}

export interface MemoryConversations {
  write(commit: Commit): void;
  conversation(id: string): Promise<JsonObject>;
}

export function createMemoryConversations(): MemoryConversations {
  const conversations = new Map<string, Map<string, Left>>();

  return {
    write({ workflow, patch }) {
      const { conversationId, id } = workflow.header;
      if (conversationId === undefined || workflow.type.definition.conversation !== 'shared' || patch.state?.status !== 'completed') return;
      const left = conversations.get(conversationId) ?? new Map<string, Left>();
      conversations.set(conversationId, left);
      const entries = [...new Map([...workflow.context, ...patch.context])];
      for (const [path, { value, order }] of entries) {
        const isHidden = entries.some(([other, entry]) => path.startsWith(`${other}.`) && compareOrder(entry.order, order) > 0);
        if (!isHidden) left.set(path, structuredClone({ value, at: patch.state.endedAt, by: id }));
      }
    },
    async conversation(id) {
      const all = conversations.get(id) ?? new Map<string, Left>();
      const newest = [...all].toSorted(([path, one], [otherPath, other]) => (timeOf(one) + path < timeOf(other) + otherPath ? 1 : -1));
      const sizes = newest.map(([path, one]) => [path, Buffer.byteLength(JSON.stringify(one))] as const);
      for (const surplus of conversationSurplus(sizes)) all.delete(surplus);
      const left = [...all];
      const times = [...new Set(left.map(([, one]) => timeOf(one)))].toSorted();
      return structuredClone(viewOf(new Map(left.map(([path, one]) => [path, { ...one, order: [times.indexOf(timeOf(one))] }]))));
    },
  };
}

function timeOf({ at, by }: Left): string {
  return `${String(at).padStart(15, '0')} ${by}`;
}
