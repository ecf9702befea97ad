/** What time brings: deadlines that have passed, dispatches that were never confirmed, workflows whose retention is over. */
import { type DispatchRef, type DueDeadline, hasEnded, type OutboxEntry, type Workflow, type WorkflowEvent } from '@baton/core';
import type { Advance } from './advance.ts';
import type { WorkflowCache } from './cache.ts';
import type { EngineDeps } from './engine.ts';

/** A dispatch is confirmed within milliseconds; what is in the outbox for longer is looked after. */
export const outboxGraceMs = 5_000;
const batchMax = 500;

/**
 * @param partitions those whose replies have been read to the end: a reply that waits says more than a deadline
 * @returns whether a batch was full, so that there may be more
 */
export type Tick = (partitions: readonly number[]) => Promise<boolean>;

type Workflows = ReadonlyMap<string, Workflow>;
type Events = ReadonlyMap<string, readonly WorkflowEvent[]>;

export function createTick({ store, queue, now }: EngineDeps, advance: Advance, cache: WorkflowCache): Tick {
  async function inPartition(partition: number): Promise<boolean> {
    const [due, stale] = await Promise.all([store.dueDeadlines(partition, now(), batchMax), store.staleOutbox(partition, now() - outboxGraceMs, batchMax)]);
    if (due.length === 0 && stale.length === 0) return false;
    const workflows = await cache.get(new Set([...due, ...stale].map(({ workflowId }) => workflowId)));

    await Promise.all(due.filter(({ workflowId }) => !workflows.has(workflowId)).map((deadline) => store.dropDeadline(partition, deadline)));
    await Promise.all(due.filter((deadline) => isRetired(workflows, deadline)).map(({ workflowId }) => store.purge(workflowId)));
    await advance(merged(timeouts(workflows, due), await checks(workflows, [...due, ...stale])));
    // What was missing has been dispatched under a new generation by now; all else is in the queue, or settled.
    if (stale.length > 0) await store.clearOutbox(partition, stale);
    return due.length === batchMax || stale.length === batchMax;
  }

  /** Asks the queue about every dispatch that is still the current one. */
  async function checks(workflows: Workflows, entries: readonly (DueDeadline | OutboxEntry)[]): Promise<Events> {
    const refs = entries.flatMap((entry) => currentDispatch(workflows, entry) ?? []);
    const facts = refs.length === 0 ? [] : await queue.facts(refs);
    const found = facts.flatMap((fact, index) => ({ ...(refs[index] as DispatchRef), facts: fact }));
    const events = Map.groupBy(found, ({ workflowId }) => workflowId);
    return new Map([...events].map(([id, own]) => [id, own.map((check): WorkflowEvent => ({ kind: 'checked', ...check }))]));
  }

  return async (partitions) => (await Promise.all(partitions.map(inPartition))).includes(true);
}

function isRetired(workflows: Workflows, { workflowId, subtaskId }: DueDeadline): boolean {
  const workflow = workflows.get(workflowId);
  return subtaskId === null && workflow !== undefined && hasEnded(workflow.state);
}

function timeouts(workflows: Workflows, due: readonly DueDeadline[]): Events {
  const own = due.filter(({ workflowId, subtaskId }) => subtaskId === null && workflows.has(workflowId));
  return new Map(own.map(({ workflowId }) => [workflowId, [{ kind: 'workflow_deadline_passed' }]]));
}

function currentDispatch(workflows: Workflows, entry: DueDeadline | OutboxEntry): DispatchRef | null {
  const { workflowId, subtaskId } = entry;
  const workflow = workflows.get(workflowId);
  if (workflow === undefined || subtaskId === null) return null;
  const subtask = workflow.subtasks.get(subtaskId);
  const capability = workflow.type.graph.nodes.get(subtaskId)?.capability;
  if (subtask?.status !== 'assigned' || capability === undefined) return null;
  if ('generation' in entry && entry.generation !== subtask.generation) return null;
  return { workflowId, subtaskId, generation: subtask.generation, capability };
}

function merged(first: Events, second: Events): Events {
  const ids = new Set([...first.keys(), ...second.keys()]);
  return new Map([...ids].map((id) => [id, [...(first.get(id) ?? []), ...(second.get(id) ?? [])]]));
}
