/** An approval on the wire: what is to be judged, by whom, and who has answered. */
import { boardOf, findNode, type Workflow } from '@baton/core';
import type { ApprovalView } from '@baton/protocol';
import { iso, isoOrNull } from './fields.ts';

/** Those that wait, without their tokens. */
export function waitingApprovals(workflow: Workflow): readonly ApprovalView[] {
  const waiting = [...workflow.subtasks].filter(([, subtask]) => subtask.status === 'waiting' && subtask.for.kind === 'approval');
  return waiting.map(([id]) => approvalView(workflow, id));
}

/** One that waits, or will. @param tokens by approver; left out where who reads it may not answer for them */
export function approvalView(workflow: Workflow, subtaskId: string, tokens?: Readonly<Record<string, string>>): ApprovalView {
  const node = findNode(boardOf(workflow), subtaskId);
  const subtask = workflow.subtasks.get(subtaskId);
  const waiting = subtask?.status === 'waiting' && subtask.for.kind === 'approval' ? subtask.for : null;
  return {
    subtask_id: subtaskId,
    shown: (waiting?.shown ?? {}) as ApprovalView['shown'],
    approvers: node?.kind === 'approval' ? [...node.approvers] : [],
    required: node?.kind === 'approval' ? node.required : 1,
    answers: (waiting?.answers ?? []).map(({ by, decision, comment, at }) => ({ by, decision, ...(comment !== undefined && { comment }), at: iso(at) })),
    requested_at: subtask?.status === 'waiting' ? iso(subtask.assignedAt) : null,
    expires_at: isoOrNull(waiting?.expiresAt ?? null),
    ...(tokens !== undefined && { tokens: { ...tokens } }),
  };
}
