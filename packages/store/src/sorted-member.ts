/** Members of the sorted sets, and back. Ids hold no '/'. */
import type { DueDeadline, OutboxEntry } from '@baton/core';

/** `subtaskId` null: the workflow itself. */
export function deadlineMember(workflowId: string, subtaskId: string | null): string {
  return `${workflowId}/${subtaskId ?? ''}`;
}

export function deadlineOf(member: string, at: number): DueDeadline {
  const [workflowId = '', subtaskId = ''] = member.split('/');
  return { workflowId, subtaskId: subtaskId === '' ? null : subtaskId, at };
}

export function outboxMember({ workflowId, subtaskId, generation }: OutboxEntry): string {
  return `${workflowId}/${subtaskId}/${generation}`;
}

export function outboxEntryOf(member: string): OutboxEntry {
  const [workflowId = '', subtaskId = '', generation = ''] = member.split('/');
  return { workflowId, subtaskId, generation: Number(generation) };
}
