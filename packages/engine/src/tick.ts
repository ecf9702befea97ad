/** What time brings: deadlines that have passed, dispatches that were never confirmed, workflows whose retention is over. */
import { type DispatchRef, type DueDeadline, hasEnded, type JobFacts, type OutboxEntry, type Workflow, type WorkflowEvent } from '@baton/core';
import type { Advance } from './advance.ts';
import type { WorkflowCache } from './cache.ts';
import type { EngineDeps } from './engine.ts';

/** A dispatch is confirmed within milliseconds; what is in the outbox for longer is looked after. */
export const outboxGraceMs = 5_000;
const batchMax = 500;

/** @param partitions those whose replies have been read to the end: a reply that waits says more than a deadline. @returns whether a batch was full, so that there may be more */
export type Tick = (partitions: readonly number[]) => Promise<boolean>;

export function createTick({ store, queue, now }: EngineDeps, advance: Advance, cache: WorkflowCache): Tick {
  return async (partitions) => {
    const due = (await Promise.all(partitions.map((partition) => store.dueDeadlines(partition, now(), batchMax).then((found) => found.map((deadline) => ({ partition, deadline })))))).flat();
    const stale = (await Promise.all(partitions.map((partition) => store.staleOutbox(partition, now() - outboxGraceMs, batchMax).then((found) => found.map((entry) => ({ partition, entry })))))).flat();
    if (due.length === 0 && stale.length === 0) return false;

    const workflows = await cache.get(new Set([...due.map(({ deadline }) => deadline.workflowId), ...stale.map(({ entry }) => entry.workflowId)]));
    const gone = due.filter(({ deadline }) => !workflows.has(deadline.workflowId));
    await Promise.all(gone.map(({ partition, deadline }) => store.dropDeadline(partition, deadline)));
    await Promise.all(retired(workflows, due.map(({ deadline }) => deadline)).map((id) => store.purge(id)));

    const refs = [...assignedOf(workflows, due.map(({ deadline }) => deadline)), ...assignedOf(workflows, stale.map(({ entry }) => entry))];
    const facts = refs.length === 0 ? [] : await queue.facts(refs);
    await advance(eventsOf(workflows, due.map(({ deadline }) => deadline), refs, facts));
    // What was missing has been dispatched under a new generation by now; all else is in the queue or settled.
    await Promise.all([...Map.groupBy(stale, ({ partition }) => partition)].map(([partition, own]) => store.clearOutbox(partition, own.map(({ entry }) => entry))));
    return [due, stale].some((found) => found.length >= batchMax);
  };
}

function retired(workflows: ReadonlyMap<string, Workflow>, due: readonly DueDeadline[]): readonly string[] {
  return due.flatMap(({ workflowId, subtaskId }) => {
    const workflow = workflows.get(workflowId);
    return subtaskId === null && workflow !== undefined && hasEnded(workflow.state) ? [workflowId] : [];
  });
}

/** The dispatches to ask the queue about: those that are still the current ones. */
function assignedOf(workflows: ReadonlyMap<string, Workflow>, entries: readonly (DueDeadline | OutboxEntry)[]): readonly DispatchRef[] {
  return entries.flatMap((entry) => {
    const workflow = workflows.get(entry.workflowId);
    if (workflow === undefined || entry.subtaskId === null) return [];
    const subtask = workflow.subtasks.get(entry.subtaskId);
    const capability = workflow.type.graph.nodes.get(entry.subtaskId)?.capability;
    if (subtask?.status !== 'assigned' || capability === undefined) return [];
    if ('generation' in entry && entry.generation !== subtask.generation) return [];
    return [{ workflowId: entry.workflowId, subtaskId: entry.subtaskId, generation: subtask.generation, capability }];
  });
}

function eventsOf(workflows: ReadonlyMap<string, Workflow>, due: readonly DueDeadline[], refs: readonly DispatchRef[], facts: readonly JobFacts[]): ReadonlyMap<string, readonly WorkflowEvent[]> {
  const events = new Map<string, WorkflowEvent[]>();
  const add = (workflowId: string, event: WorkflowEvent) => events.set(workflowId, [...(events.get(workflowId) ?? []), event]);
  for (const { workflowId, subtaskId } of due) if (subtaskId === null && workflows.has(workflowId)) add(workflowId, { kind: 'workflow_deadline_passed' });
  for (const [index, { workflowId, subtaskId, generation }] of refs.entries()) {
    add(workflowId, { kind: 'checked', subtaskId, generation, facts: facts[index] as JobFacts });
  }
  return events;
}
