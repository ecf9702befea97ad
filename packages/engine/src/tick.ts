/** What time brings: deadlines that have passed, effects that were never confirmed, workflows whose retention is over. */
import {
  askedCapability,
  type Board,
  boardOf,
  childIdOf,
  type DispatchRef,
  type DueDeadline,
  type Effect,
  findNode,
  hasEnded,
  type JobFacts,
  type OutboxEntry,
  parentKey,
  type Report,
  type Workflow,
  type WorkflowEvent,
} from '@baton/core';
import type { Advance, Events } from './advance.ts';
import type { WorkflowCache } from './cache.ts';
import type { EngineDeps } from './deps.ts';

/** A dispatch is confirmed within milliseconds; what is in the outbox for longer is looked after. */
export const outboxGraceMs = 5_000;
const batchMax = 500;

/**
 * @param partitions those whose replies have been read to the end: a reply that waits says more than a deadline
 * @returns whether a batch was full, so that there may be more
 */
export type Tick = (partitions: readonly number[]) => Promise<boolean>;

type Workflows = ReadonlyMap<string, Workflow>;
type Due = DueDeadline | OutboxEntry;

export function createTick(
  { store, queue, now }: EngineDeps,
  advance: Advance,
  cache: WorkflowCache,
  perform: (effects: readonly Effect[]) => Promise<void>,
): Tick {
  async function inPartition(partition: number): Promise<boolean> {
    const [due, stale] = await Promise.all([store.dueDeadlines(partition, now(), batchMax), store.staleOutbox(partition, now() - outboxGraceMs, batchMax)]);
    if (due.length === 0 && stale.length === 0) return false;
    // As they are stored: an entry that is not of the present is forgotten, so the present must be known.
    const workflows = await cache.reload(new Set([...due, ...stale].map(({ workflowId }) => workflowId)));

    await Promise.all(due.filter(({ workflowId }) => !workflows.has(workflowId)).map((deadline) => store.dropDeadline(partition, deadline)));
    await Promise.all(due.filter((deadline) => isRetired(workflows, deadline, now())).map(({ workflowId }) => store.purge(workflowId)));
    await perform(stale.flatMap((entry) => unsentNotification(workflows, entry) ?? []));
    // Parents first: under one that is paused, nothing that is due may begin what comes after it.
    const events = [timeouts(workflows, due), await parentChecks(workflows, due), dues(workflows, due), await checks(workflows, [...due, ...stale])];
    await advance(merged(events));
    // What was missing has been dispatched under a new generation by now; all else is in the queue, or settled.
    if (stale.length > 0) await store.clearOutbox(partition, stale);
    return due.length === batchMax || stale.length === batchMax;
  }

  /** Asks about everything that somebody else is doing: the queue about jobs, the store about workflows. */
  async function checks(workflows: Workflows, entries: readonly Due[]): Promise<Events> {
    const refs = entries.flatMap((entry) => currentDispatch(workflows, entry) ?? []);
    const jobs = refs.filter((ref) => !isChild(workflows, ref));
    const facts = jobs.length === 0 ? [] : await queue.facts(jobs);
    const children = await Promise.all(refs.filter((ref) => isChild(workflows, ref)).map(async (ref) => ({ ref, facts: await childFacts(ref) })));
    const found = [...jobs.map((ref, index) => ({ ref, facts: facts[index] as JobFacts })), ...children];
    const events = Map.groupBy(found, ({ ref }) => ref.workflowId);
    return new Map(
      [...events].map(([id, own]) => [
        id,
        own.map(({ ref, facts: each }): WorkflowEvent => ({ kind: 'checked', subtaskId: ref.subtaskId, generation: ref.generation, facts: each })),
      ]),
    );
  }

  /** A workflow that is a subtask's work, seen as a job. */
  async function childFacts({ workflowId, subtaskId, generation }: DispatchRef): Promise<JobFacts> {
    const child = await store.summary(childIdOf(workflowId, subtaskId, generation));
    if (child === null) return { state: 'missing' };
    if (!hasEnded(child.state)) return { state: 'active', agent: null, attempt: 1, startedAt: child.header.createdAt, progress: null };
    const outcome: Report['outcome'] =
      child.state.status === 'completed' ? { status: 'completed', result: child.state.result } : { status: 'failed', error: child.state.error };
    return { state: 'completed', report: { workflowId, subtaskId, generation, outcome } };
  }

  async function parentChecks(workflows: Workflows, due: readonly DueDeadline[]): Promise<Events> {
    const own = due.flatMap(({ workflowId, subtaskId }) => (subtaskId === parentKey ? (workflows.get(workflowId) ?? []) : []));
    return new Map(
      await Promise.all(
        own.map(
          async (workflow): Promise<[string, readonly WorkflowEvent[]]> => [workflow.header.id, [{ kind: 'parent_checked', parent: await parentOf(workflow) }]],
        ),
      ),
    );
  }

  async function parentOf({ header: { parent } }: Workflow): Promise<'alive' | 'paused' | 'gone'> {
    const above = parent === undefined ? null : await store.load(parent.workflowId);
    const subtask = parent === undefined ? undefined : above?.subtasks.get(parent.subtaskId);
    if (above === null || subtask?.status !== 'assigned' || subtask.generation !== parent?.generation) return 'gone';
    return above.state.status === 'paused' ? 'paused' : 'alive';
  }

  return async (partitions) => (await Promise.all(partitions.map(inPartition))).includes(true);
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

function currentDispatch(workflows: Workflows, entry: Due): DispatchRef | null {
  const { workflowId, subtaskId } = entry;
  const workflow = workflows.get(workflowId);
  if (workflow === undefined || subtaskId === null) return null;
  const subtask = workflow.subtasks.get(subtaskId);
  if (subtask?.status !== 'assigned' || ('generation' in entry && entry.generation !== subtask.generation)) return null;
  return { workflowId, subtaskId, generation: subtask.generation, capability: askedCapability(boardOf(workflow), subtaskId) };
}

function isChild(workflows: Workflows, { workflowId, subtaskId }: DispatchRef): boolean {
  const workflow = workflows.get(workflowId);
  return workflow !== undefined && findNode(boardOf(workflow), subtaskId)?.kind === 'workflow';
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
