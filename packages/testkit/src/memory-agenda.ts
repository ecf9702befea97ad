/** Deadlines and the outbox in memory: for each partition members with their times. */
import { assignmentsOf, type Commit, type Effect, isMarked, isSettled, type OutboxEntry, type WorkflowStore } from '@baton/core';

type Agenda = Pick<WorkflowStore, 'partitionsDue' | 'dueDeadlines' | 'postpone' | 'staleOutbox' | 'clearOutbox'>;

export interface MemoryAgenda extends Agenda {
  write(commit: Commit): void;
  forget(partition: number, workflowId: string, subtaskId: string | null): void;
}

interface Timed<Entry> {
  readonly entry: Entry;
  readonly at: number;
}
type Partitions<Entry> = Map<number, Map<string, Timed<Entry>>>;
type Deadline = { readonly workflowId: string; readonly subtaskId: string | null };

/** As long as it is unique; sorted among entries of the same time, it is what Redis sorts by. */
function nameOf({ workflowId, subtaskId, ...rest }: Deadline | OutboxEntry): string {
  return [workflowId, subtaskId ?? '', ...Object.values(rest)].join('/');
}

export function createMemoryAgenda(): MemoryAgenda {
  const deadlines: Partitions<Deadline> = new Map();
  const outbox: Partitions<OutboxEntry> = new Map();

  return {
    write({ workflow, patch, effects }) {
      const { partition } = workflow;
      const workflowId = workflow.header.id;
      for (const [subtaskId, after] of patch.subtasks) {
        const before = workflow.subtasks.get(subtaskId);
        const isOpen = before !== undefined && (before.status !== 'pending' || isMarked(before)) && !isSettled(before);
        const isSame = before?.status === after.status && before.generation === after.generation;
        if (isOpen && !isSame) inPartition(outbox, partition).delete(nameOf({ workflowId, subtaskId, generation: before.generation }));
      }
      for (const { subtaskId, generation, issuedAt } of effects.flatMap(unconfirmed)) {
        const entry = { workflowId, subtaskId, generation };
        inPartition(outbox, partition).set(nameOf(entry), { entry, at: issuedAt });
      }
      for (const { subtaskId, at } of patch.deadlines) {
        const entry = { workflowId, subtaskId };
        if (at === null) inPartition(deadlines, partition).delete(nameOf(entry));
        else inPartition(deadlines, partition).set(nameOf(entry), { entry, at });
      }
    },
    forget(partition, workflowId, subtaskId) {
      inPartition(deadlines, partition).delete(nameOf({ workflowId, subtaskId }));
    },
    async partitionsDue(partitions, now, before) {
      const isAny = (members: Partitions<unknown>, partition: number, isWanted: (at: number) => boolean): boolean =>
        [...(members.get(partition)?.values() ?? [])].some(({ at }) => isWanted(at));
      return partitions.filter((each) => isAny(deadlines, each, (at) => at <= now) || isAny(outbox, each, (at) => at < before));
    },
    async dueDeadlines(partition, now, limit) {
      return earliest(inPartition(deadlines, partition), (at) => at <= now, limit).map(({ entry, at }) => ({ ...entry, at }));
    },
    async postpone(partition, entries, until) {
      for (const { workflowId, subtaskId, ...rest } of entries) {
        if ('generation' in rest) defer(inPartition(outbox, partition), { workflowId, subtaskId: subtaskId as string, generation: rest.generation }, until);
        else defer(inPartition(deadlines, partition), { workflowId, subtaskId }, until);
      }
    },
    async staleOutbox(partition, before, limit) {
      return earliest(inPartition(outbox, partition), (at) => at < before, limit).map(({ entry }) => entry);
    },
    async clearOutbox(partition, cleared) {
      for (const { workflowId, subtaskId, generation } of cleared) inPartition(outbox, partition).delete(nameOf({ workflowId, subtaskId, generation }));
    },
  };
}

function defer<Entry extends Deadline | OutboxEntry>(members: Map<string, Timed<Entry>>, entry: Entry, until: number): void {
  const name = nameOf(entry);
  const member = members.get(name);
  if (member !== undefined && member.at < until) members.set(name, { entry, at: until });
}

function unconfirmed(effect: Effect): readonly { readonly subtaskId: string; readonly generation: number; readonly issuedAt: number }[] {
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

function inPartition<Entry>(partitions: Partitions<Entry>, partition: number): Map<string, Timed<Entry>> {
  const members = partitions.get(partition) ?? new Map<string, Timed<Entry>>();
  partitions.set(partition, members);
  return members;
}

function earliest<Entry>(members: ReadonlyMap<string, Timed<Entry>>, isWanted: (at: number) => boolean, limit: number): readonly Timed<Entry>[] {
  const wanted = [...members].filter(([, { at }]) => isWanted(at));
  const sorted = wanted.toSorted(([one, first], [other, second]) => first.at - second.at || (one < other ? -1 : 1));
  return sorted.slice(0, limit).map(([, timed]) => timed);
}
