/** What is done to a workflow is done to those that are the work of its steps. */
import type { Draft } from './draft.ts';
import { findNode } from './frame.ts';
import { childIdOf } from './identity.ts';

export interface Cascade {
  readonly control: 'pause' | 'resume' | 'cancel' | 'terminate';
  readonly graceMs: number;
  readonly by: string;
}

/** Who asks in the name of the workflow above. */
const above = 'parent: ';

export function isFromAbove(by: string): boolean {
  return by.startsWith(above);
}

/** Nothing, unless the subtask is a workflow at work. */
export function cascade(draft: Draft, id: string, { control, graceMs, by }: Cascade): void {
  const subtask = draft.get(id);
  if (subtask?.status !== 'assigned' || findNode(draft, id)?.kind !== 'workflow') return;
  draft.cascades.push({
    kind: 'control_child',
    subtaskId: id,
    workflowId: childIdOf(draft.header.id, id, subtask.generation),
    control,
    graceMs,
    by: isFromAbove(by) ? by : `${above}${by}`,
  });
}
