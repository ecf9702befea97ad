/** What a reply means. One of a dispatch that is not the current one, of a subtask that has settled, or from agents that were not asked, settles nothing. */
import type { Report } from './assignment.ts';
import { type Draft, generationOf, put, statusOf } from './draft.ts';
import { askedCapability, findNode, nodeOf } from './frame.ts';
import { limits } from './limits.ts';
import { isBuiltOnRecord, recordHeld, reportedEarly, treeGeneration } from './mark.ts';
import { splice } from './plan.ts';
import { childCapability } from './ports.ts';
import { conclude, noTries, putBack, sameWork, setback } from './settle.ts';
import { type AssignedSubtask, type Execution, isMarked, type PendingSubtask } from './subtask.ts';

export function settleReport(draft: Draft, report: Report): void {
  const { subtaskId, generation, outcome, execution } = report;
  const subtask = draft.get(subtaskId);
  // A part may be one of a plan that is not known here: what is remembered of the workflow may be out of date.
  if (findNode(draft, subtaskId) === undefined || generationOf(draft, subtaskId) !== generation || !isAsked(draft, report)) return;
  if (subtask === undefined || (subtask.status === 'pending' && !isMarked(subtask))) return unheardOf(draft, subtaskId, subtask);
  if (isMarked(subtask)) return reportedEarly(draft, subtask, report);
  if (subtask.status !== 'assigned') return;
  draft.at = Math.min(draft.now, Math.max(report.at ?? draft.now, subtask.assignedAt));
  if (generation === treeGeneration && !isBuiltOnRecord(draft, report)) return putBack(draft, subtaskId, subtask.tries, 'blocked');
  switch (outcome.status) {
    case 'completed': {
      const node = findNode(draft, subtaskId);
      if (node?.kind === 'plan') return splice(draft, subtaskId, node, outcome.result, execution);
      return conclude(draft, subtaskId, outcome.result, { ...(execution && { execution }), contextUpdate: outcome.contextUpdate });
    }
    case 'failed':
      return setback(draft, subtaskId, outcome.error, execution);
    case 'overloaded':
      return overloaded(draft, subtaskId, subtask, outcome.retryAfterMs, execution);
    case 'held':
      recordHeld(draft, subtaskId, generation);
      return putBack(draft, subtaskId, subtask.tries, 'resumed');
    case 'blocked':
      // On its own, so that what is wrong with its inputs, if anything, is found by the engine. There it has all that it needs.
      if (generation === treeGeneration) return putBack(draft, subtaskId, subtask.tries, 'blocked');
      return setback(draft, subtaskId, { code: 'BLOCKED', message: 'The agent replied that its inputs were missing, and it was to have none.' }, execution);
  }
}

/**
 * Nothing is dispatched before that is recorded, so Redis has forgotten the record: one took over that had not all of it, and the dispatch came through.
 * What was done then may have been done with what is forgotten too, so it is dispatched anew; and of what it waits for, the replies may be gone.
 */
function unheardOf(draft: Draft, id: string, before: PendingSubtask | undefined): void {
  const { kind } = nodeOf(draft, id);
  if (kind !== 'task' && kind !== 'plan') return;
  const generation = before?.generation ?? 0;
  if (generation >= limits.generationsMax) return;
  put(draft, id, { ...before, status: 'pending', generation: generation + 1, tries: sameWork(generation, before?.tries), cause: 'lost' });
  for (const need of draft.type.graph.needs.get(id) ?? []) if (statusOf(draft, need) === 'assigned') draft.deadlines.set(need, draft.now);
}

/** Agents can write replies for their own capability only, and must not answer for another. */
function isAsked(draft: Draft, { subtaskId, capability }: Report): boolean {
  if (capability === undefined) return true;
  return capability === (findNode(draft, subtaskId)?.kind === 'workflow' ? childCapability : askedCapability(draft, subtaskId));
}

/** Not an attempt; but often enough it is a failure. */
function overloaded(draft: Draft, id: string, subtask: AssignedSubtask, retryAfterMs: number, execution: Execution | undefined): void {
  const { now } = draft;
  const { generation, assignedAt } = subtask;
  const tries = { ...noTries, ...subtask.tries };
  const node = nodeOf(draft, id);
  const overloadsMax = 'overloads' in node ? node.overloads : 0;
  if (tries.overloads >= overloadsMax) {
    return setback(
      draft,
      id,
      { code: 'AGENT_OVERLOADED', message: `The agents of ${askedCapability(draft, id)} were overloaded ${tries.overloads + 1} times.` },
      execution,
    );
  }
  draft.events.push({ type: 'subtask_setback', at: now, subtaskId: id, generation, capability: askedCapability(draft, id), next: 'overloaded' });
  const until = now + Math.max(1, retryAfterMs);
  put(draft, id, { status: 'retrying', generation, assignedAt, until, tries: { ...tries, overloads: tries.overloads + 1 } });
  draft.deadlines.set(id, Math.min(until, assignedAt + node.timeout_ms));
}
