/** What time brings: deadlines that have passed, effects that were never confirmed, workflows whose retention is over. */
import {
  type Board,
  boardOf,
  type DueDeadline,
  dispatchId,
  type Effect,
  findNode,
  hasEnded,
  type OutboxEntry,
  parentKey,
  type WorkflowEvent,
} from '@baton/core';
import type { Advance, Events } from './advance.ts';
import type { WorkflowCache } from './cache.ts';
import type { EngineDeps } from './deps.ts';
import { createLookups, type Workflows } from './lookups.ts';

/** A dispatch is confirmed within milliseconds; what is in the outbox for longer is looked after. */
export const outboxGraceMs = 5_000;
const batchMax = 500;
/** After tidying away that failed. */
const tidyPauseMs = 30_000;
/** When what only newer processes know is looked at again, if it is still ours by then: it must not stand before what we do know. */
const newerWaitMs = 5_000;

/**
 * @param partitions those whose replies have been read to the end: a reply that waits says more than a deadline
 */
export type Tick = (partitions: readonly number[]) => Promise<Ticked>;

export interface Ticked {
  /** A batch was full, so that there may be more. */
  readonly isMore: boolean;
  /** Where something was due that only newer processes know. */
  readonly newer: readonly number[];
}

export function createTick(
  { store, queue, now, warn }: EngineDeps,
  advance: Advance,
  cache: WorkflowCache,
  perform: (effects: readonly Effect[]) => Promise<void>,
): Tick {
  const lookups = createLookups(store, queue);
  const tidy = createTidy({ now, warn });

  async function inPartition(partition: number): Promise<Ticked> {
    const staleAt = now() - outboxGraceMs;
    const [allDue, allStale] = await Promise.all([store.dueDeadlines(partition, now(), batchMax), store.staleOutbox(partition, staleAt, batchMax)]);
    // As they are stored: an entry that is not of the present is forgotten, so the present must be known.
    const { workflows, newer } = await cache.reload(new Set([...allDue, ...allStale].map(({ workflowId }) => workflowId)));
    const isOurs = ({ workflowId }: DueDeadline | OutboxEntry): boolean => !newer.has(workflowId);
    const [due, stale] = [allDue.filter(isOurs), allStale.filter(isOurs)];
    const notOurs = [...allDue, ...allStale].filter((entry) => !isOurs(entry));
    if (notOurs.length > 0) await store.postpone(partition, notOurs, now() + newerWaitMs);

    const gone = due.filter(({ workflowId }) => !workflows.has(workflowId));
    await tidy(gone, (deadline) => store.dropDeadline(partition, deadline));
    const retired = due.filter((deadline) => isRetired(workflows, deadline, now()));
    await tidy(retired, ({ workflowId }) => store.purge(workflowId));
    await perform(stale.flatMap((entry) => unsentNotification(workflows, entry) ?? []));
    // Parents first: under one that is paused, nothing that is due may begin what comes after it.
    const events = [
      timeouts(workflows, due),
      await lookups.parents(workflows, due),
      dues(workflows, due),
      await lookups.dispatches(workflows, [...due, ...stale]),
    ];
    const turned = await advance.known(merged(events));
    // A notification leaves the outbox when it has been handed over, and not before.
    const others = stale.filter((entry) => unsentNotification(workflows, entry) === null && !turned.has(entry.workflowId));
    if (others.length > 0) await clear(partition, others, staleAt);
    return { isMore: allDue.length === batchMax || allStale.length === batchMax, newer: notOurs.length > 0 ? [partition] : [] };
  }

  /** What was missing is under way as another generation by now, or, a child, as itself and with a new time. All else is in the queue, or settled. */
  async function clear(partition: number, stale: readonly OutboxEntry[], staleAt: number): Promise<void> {
    const idOf = ({ workflowId, subtaskId, generation }: OutboxEntry) => dispatchId(workflowId, subtaskId, generation);
    const left = new Set((await store.staleOutbox(partition, staleAt, batchMax)).map(idOf));
    const done = stale.filter((entry) => left.has(idOf(entry)));
    await store.clearOutbox(partition, done);
  }

  return async (partitions) => {
    const due = await store.partitionsDue(partitions, now(), now() - outboxGraceMs);
    const ticked = await Promise.all(due.map(inPartition));
    return { isMore: ticked.some(({ isMore }) => isMore), newer: ticked.flatMap(({ newer }) => newer) };
  };
}

/** Where the blob store is away: later, and nothing else waits for it. */
function createTidy({ now, warn }: Pick<EngineDeps, 'now' | 'warn'>) {
  let from = 0;
  return async (over: readonly DueDeadline[], act: (deadline: DueDeadline) => Promise<void>): Promise<void> => {
    if (now() < from) return;
    const outcomes = await Promise.allSettled(over.map(act));
    const failed = outcomes.find((outcome) => outcome.status === 'rejected');
    if (failed === undefined) return;
    from = now() + tidyPauseMs;
    warn('not_purged', failed.reason);
  };
}

/** The deadline alone does not say so: the workflow may have ended only after it was read. */
function isRetired(workflows: Workflows, { workflowId, subtaskId }: DueDeadline, now: number): boolean {
  const workflow = workflows.get(workflowId);
  return subtaskId === null && workflow !== undefined && hasEnded(workflow.state) && now >= workflow.state.endedAt + workflow.type.definition.retention_ms;
}

function timeouts(workflows: Workflows, due: readonly DueDeadline[]): Events {
  const own = due.filter(({ workflowId, subtaskId }) => subtaskId === null && workflows.has(workflowId));
  return new Map(own.map(({ workflowId }) => [workflowId, [{ kind: 'workflow_deadline_passed' }]]));
}

/** Deadlines of subtasks about which nobody has to be asked. */
function dues(workflows: Workflows, due: readonly DueDeadline[]): Events {
  const own = due.filter(
    ({ workflowId, subtaskId }) =>
      subtaskId !== null && subtaskId !== parentKey && workflows.has(workflowId) && workflows.get(workflowId)?.subtasks.get(subtaskId)?.status !== 'assigned',
  );
  const events = Map.groupBy(own, ({ workflowId }) => workflowId);
  return new Map(
    [...events].map(([id, deadlines]) => [id, deadlines.map(({ subtaskId }): WorkflowEvent => ({ kind: 'due', subtaskId: subtaskId as string }))]),
  );
}

/** Nobody knows whether the approvers were told; told once more is told once, for a delivery has an id. */
function unsentNotification(workflows: Workflows, { workflowId, subtaskId, generation }: OutboxEntry): Effect | null {
  const workflow = workflows.get(workflowId);
  const subtask = workflow?.subtasks.get(subtaskId);
  if (workflow === undefined || subtask?.status !== 'waiting' || subtask.generation !== generation || subtask.for.kind !== 'approval') return null;
  const board: Board = boardOf(workflow);
  const node = findNode(board, subtaskId);
  if (node?.kind !== 'approval' || node.webhook === undefined) return null;
  const { shown, expiresAt } = subtask.for;
  const { type, version } = workflow.header;
  return {
    kind: 'notify',
    notification: {
      workflowId,
      workflowType: `${type}@${version}`,
      subtaskId,
      generation,
      url: node.webhook,
      shown,
      approvers: node.approvers,
      expiresAt,
      issuedAt: subtask.assignedAt,
    },
  };
}

function merged(all: readonly Events[]): Events {
  const ids = new Set(all.flatMap((events) => [...events.keys()]));
  return new Map([...ids].map((id) => [id, all.flatMap((events) => events.get(id) ?? [])]));
}
