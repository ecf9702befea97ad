/** What a reply means. One of a dispatch that is not the current one, of a subtask that has settled, or from agents that were not asked, changes nothing. */
import type { Report } from './assignment.ts';
import { type Draft, put } from './draft.ts';
import { askedCapability, findNode, nodeOf } from './frame.ts';
import { isBuiltOnRecord, recordHeld, reportedEarly, treeGeneration } from './mark.ts';
import { splice } from './plan.ts';
import { childCapability } from './ports.ts';
import { conclude, noTries, putBack, setback } from './settle.ts';
import { type AssignedSubtask, type Execution, isMarked } from './subtask.ts';

export function settleReport(draft: Draft, report: Report): void {
  const { subtaskId, generation, outcome, execution } = report;
  const subtask = draft.get(subtaskId);
  if (subtask?.generation !== generation || !isAsked(draft, report)) return;
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
