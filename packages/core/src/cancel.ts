/** Taking back what nobody needs any more, with everything that belongs to it: the agents are told by `put`, the workflows below by `cascade`. */
import { cascade } from './cascade.ts';
import { type Draft, put } from './draft.ts';
import { isSettled } from './subtask.ts';
import { itemOf, partOfPlan, partOfRound } from './subtask-id.ts';

export function cancel(draft: Draft, id: string, { graceMs, by } = { graceMs: 0, by: '' }): void {
  const before = draft.get(id);
  if (isSettled(before)) return;
  cascade(draft, id, { control: graceMs > 0 ? 'cancel' : 'terminate', graceMs, by });
  const parts = before?.status === 'running' ? before.parts : undefined;
  put(draft, id, { status: 'cancelled', generation: before?.generation ?? 0, settledAt: draft.now, ...(parts && { parts }) });
  draft.events.push({ type: 'subtask_cancelled', at: draft.now, subtaskId: id });
  cancelPartsOf(draft, id, { graceMs, by });
}

/** A composite that ended before its parts did takes them with it. */
export function cancelPartsOf(draft: Draft, id: string, stop = { graceMs: 0, by: '' }): void {
  const subtask = draft.get(id);
  const parts = subtask !== undefined && 'parts' in subtask ? subtask.parts : undefined;
  if (parts?.kind === 'map') for (let index = 0; draft.get(itemOf(id, index)) !== undefined; index += 1) cancel(draft, itemOf(id, index), stop);
  if (parts?.kind === 'plan') for (const node of parts.nodes) cancel(draft, partOfPlan(id, node.id), stop);
  if (parts?.kind !== 'loop') return;
  for (let { round } = parts; draft.get(partOfRound(id, round, 'generate')) !== undefined; round += 1) {
    for (const part of ['generate', 'critique'] as const) cancel(draft, partOfRound(id, round, part), stop);
  }
}
