/** What a partition has to look at later: deadlines that come due, and dispatches that nobody has confirmed. */
import type { WorkflowStore } from '@baton/core';
import { guardedWrite, write } from './guarded-write.ts';
import type { Redis } from './redis.ts';
import { answer, answers } from './redis-connection.ts';
import { deadlineMember, deadlineOf, outboxEntryOf, outboxMember } from './sorted-member.ts';
import type { StoreKeys } from './store-keys.ts';

type Agenda = Pick<WorkflowStore, 'partitionsDue' | 'dueDeadlines' | 'postpone' | 'dropDeadline' | 'staleOutbox' | 'clearOutbox'>;

export function createAgenda(redis: Redis, keys: StoreKeys): Agenda {
  return {
    async partitionsDue(partitions, now, before) {
      if (partitions.length === 0) return [];
      const watched = partitions.flatMap((partition) => [keys.deadlines(partition), keys.outbox(partition)]);
      const positions = await answer(redis.batonPartitionsDue(watched.length, [...watched, now, before]));
      return positions.map((position) => partitions[position] as number);
    },
    async dueDeadlines(partition, now, limit) {
      const flat = await answer(redis.zrange(keys.deadlines(partition), '-inf', String(now), 'BYSCORE', 'LIMIT', 0, limit, 'WITHSCORES'));
      return pairs(flat).map(([member, at]) => deadlineOf(member, Number(at)));
    },
    async postpone(partition, entries, until) {
      const ofOutbox = entries.filter((entry) => 'generation' in entry).flatMap((entry) => [until, outboxMember(entry)]);
      const others = entries.flatMap((entry) => ('generation' in entry ? [] : [until, deadlineMember(entry.workflowId, entry.subtaskId)]));
      const change = ['XX', 'GT'] as const;
      await answers([
        ...(others.length > 0 ? [redis.zadd(keys.deadlines(partition), ...change, ...others)] : []),
        ...(ofOutbox.length > 0 ? [redis.zadd(keys.outbox(partition), ...change, ...ofOutbox)] : []),
      ]);
    },
    async dropDeadline(partition, { workflowId, subtaskId }) {
      // Revision 0: a workflow that was created anew under the same id keeps its own.
      const writes = write('ZREM', keys.deadlines(partition), [deadlineMember(workflowId, subtaskId)]);
      await answer(guardedWrite(redis, { workflow: keys.workflow(workflowId), revision: '0' }, writes));
    },
    async staleOutbox(partition, before, limit) {
      const members = await answer(redis.zrange(keys.outbox(partition), '-inf', `(${before}`, 'BYSCORE', 'LIMIT', 0, limit));
      return members.map(outboxEntryOf);
    },
    async clearOutbox(partition, entries) {
      if (entries.length > 0) await answer(redis.zrem(keys.outbox(partition), ...entries.map(outboxMember)));
    },
  };
}

function pairs(flat: readonly string[]): readonly (readonly [string, string])[] {
  return Array.from({ length: flat.length / 2 }, (_, index) => [flat[index * 2] as string, flat[index * 2 + 1] as string]);
}
