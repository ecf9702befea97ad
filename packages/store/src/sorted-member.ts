/** Members of the sorted sets, and back. A subtask's id may hold '/', a workflow's id and a generation never do: the first and the last one part. */
import type { DueDeadline, OutboxEntry } from '@baton/core';

/** `subtaskId` null: the workflow itself. */
export function deadlineMember(workflowId: string, subtaskId: string | null): string {
  return `${workflowId}/${subtaskId ?? ''}`;
}

export function deadlineOf(member: string, at: number): DueDeadline {
  const first = member.indexOf('/');
  const subtaskId = member.slice(first + 1);
  return { workflowId: member.slice(0, first), subtaskId: subtaskId === '' ? null : subtaskId, at };
}

export function outboxMember({ workflowId, subtaskId, generation }: OutboxEntry): string {
  return `${workflowId}/${subtaskId}/${generation}`;
}

export function outboxEntryOf(member: string): OutboxEntry {
  const [first, last] = [member.indexOf('/'), member.lastIndexOf('/')];
  return { workflowId: member.slice(0, first), subtaskId: member.slice(first + 1, last), generation: Number(member.slice(last + 1)) };
}
