/**
 * The mark of a subtask whose dispatch is in the queue already, as part of a tree, while it is still pending: in the record nothing begins before
 * what it needs has settled. When it begins, the mark is either confirmed, and nothing is dispatched, or it is stale and the next generation is.
 * **Invariant:** a mark is dropped together with its generation, so whatever its job comes to then changes nothing.
 */
import type { Report } from './assignment.ts';
import type { PlanNode, TaskNode } from './definition.ts';
import { type Draft, put } from './draft.ts';
import { askedCapability, nodeOf, scopeOf } from './frame.ts';
import { jsonHash } from './json.ts';
import { resolveReferences } from './reference.ts';
import { sizeProblem } from './settle.ts';
import type { AssignmentCause, MarkedSubtask } from './subtask.ts';

/** Trees are made of first dispatches only: what is tried again is tried on its own. */
export const treeGeneration = 0;

/** Everything that it stands behind is completed as it was dispatched then. */
export function isConfirmed(draft: Draft, { behind }: MarkedSubtask): boolean {
  return Object.entries(behind).every(([need, generation]) => {
    const subtask = draft.get(need);
    return subtask?.status === 'completed' && subtask.generation === generation;
  });
}

/** Its job is not waited for any more; it begins when it has what it needs, as any other. */
export function unmark(draft: Draft, id: string, cause: AssignmentCause): void {
  const { generation } = draft.get(id) as MarkedSubtask;
  put(draft, id, { status: 'pending', generation: generation + 1, cause });
}

/** The reply was faster than those of what it stands behind: kept until it begins. The first one counts. */
export function reportedEarly(draft: Draft, subtask: MarkedSubtask, report: Report): void {
  const { subtaskId, generation, outcome } = report;
  switch (outcome.status) {
    case 'completed':
      // What is too large for the record is not kept in it: asked for on its own, it is found to be so.
      if (sizeProblem(outcome.result) !== null) return unmark(draft, subtaskId, 'blocked');
      return keep(draft, subtask, report);
    case 'failed':
    case 'overloaded':
      return keep(draft, subtask, report);
    case 'held':
      recordHeld(draft, subtaskId, generation);
      return unmark(draft, subtaskId, 'resumed');
    case 'blocked':
      return unmark(draft, subtaskId, 'blocked');
  }
}

function keep(draft: Draft, subtask: MarkedSubtask, report: Report): void {
  if (subtask.reported === undefined) put(draft, report.subtaskId, { ...subtask, reported: report });
}

export function recordHeld(draft: Draft, id: string, generation: number): void {
  draft.events.push({ type: 'subtask_setback', at: draft.now, subtaskId: id, generation, capability: askedCapability(draft, id), next: 'held' });
}

/**
 * What the agent had of its inputs is what was recorded of them. Where a dispatch was answered twice, it may have had the other answer; that makes a
 * difference only if it would have begun with other parameters.
 */
export function isBuiltOnRecord(draft: Draft, { subtaskId, builtOn = {}, parametersHash }: Report): boolean {
  const isSame = Object.entries(builtOn).every(([input, finishedAt]) => {
    const subtask = draft.get(input);
    return subtask?.status === 'completed' && subtask.execution?.finishedAt === finishedAt;
  });
  return isSame || isPlain(draft, subtaskId, parametersHash);
}

/** Are these the parameters that it would have been dispatched with on its own? */
function isPlain(draft: Draft, id: string, hash: string | undefined): boolean {
  if (hash === undefined) return false;
  const resolved = resolveReferences((nodeOf(draft, id) as TaskNode | PlanNode).params, scopeOf(draft, id));
  return resolved.ok && jsonHash(resolved.value) === hash;
}
