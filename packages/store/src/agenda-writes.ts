/** What a commit leaves to be done later: deadlines, and effects that an orchestrator's death must not lose. */
import { assignmentsOf, type Commit, type DeadlineChange, type Effect, isMarked, isSettled, type OutboxEntry } from '@baton/core';
import { type Write, write } from './guarded-write.ts';
import { deadlineMember, outboxMember } from './sorted-member.ts';
import type { StoreKeys } from './store-keys.ts';

export function agendaWrites(keys: StoreKeys, commit: Commit): readonly Write[] {
  return [...outboxWrites(keys, commit), ...deadlineWrites(keys, commit)];
}

function outboxWrites(keys: StoreKeys, { workflow, patch, effects }: Commit): readonly Write[] {
  const key = keys.outbox(workflow.partition);
  const done = patch.subtasks.flatMap(([subtaskId, after]) => {
    const before = workflow.subtasks.get(subtaskId);
    if (before === undefined || (before.status === 'pending' && !isMarked(before)) || isSettled(before)) return [];
    if (after.status === before.status && after.generation === before.generation) return [];
    return [outboxMember({ workflowId: workflow.header.id, subtaskId, generation: before.generation })];
  });
  const added = effects.flatMap(outboxEntries).flatMap((entry) => [entry.issuedAt, outboxMember(entry)]);
  return [...write('ZREM', key, done), ...write('ZADD', key, added)];
}

function outboxEntries(effect: Effect): readonly (OutboxEntry & { readonly issuedAt: number })[] {
  switch (effect.kind) {
    case 'dispatch':
      return assignmentsOf(effect);
    case 'start_child':
      return [{ ...effect.start.parent, issuedAt: effect.start.issuedAt }];
    case 'notify':
      return [effect.notification];
    case 'control_child':
      return [];
  }
}

function deadlineWrites(keys: StoreKeys, { workflow, patch }: Commit): readonly Write[] {
  const key = keys.deadlines(workflow.partition);
  const member = ({ subtaskId }: DeadlineChange) => deadlineMember(workflow.header.id, subtaskId);
  const changes = new Map(patch.deadlines.map((change) => [member(change), change.at]));
  const removed = [...changes].flatMap(([name, at]) => (at === null ? [name] : []));
  const set = [...changes].flatMap(([name, at]) => (at === null ? [] : [at, name]));
  return [...write('ZREM', key, removed), ...write('ZADD', key, set)];
}
