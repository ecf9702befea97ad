/**
 * What people do to a running or ended workflow. Each is allowed in the states of the table, changes nothing where it is so already, and is
 * recorded with who asked. **Invariant:** from the commit of a pause on nothing begins; what is at work finishes and is recorded.
 */
import { strict as assert } from 'node:assert';
import { cascade } from './cascade.ts';
import { type Answered, type Draft, hasRoom, put, reset } from './draft.ts';
import { stop } from './end.ts';
import { nodeOf } from './frame.ts';
import { rerun, retry } from './rewind.ts';
import { putBack } from './settle.ts';
import { triesOf } from './subtask.ts';
import { run } from './wake.ts';
import type { WorkflowStatus } from './workflow.ts';

export type Control =
  | { readonly action: 'pause' | 'resume' | 'terminate' | 'retry' }
  /** Handlers may go on for so long before their signals abort. */
  | { readonly action: 'cancel'; readonly graceMs: number }
  /** That step and everything that depends on it, anew. */
  | { readonly action: 'rerun'; readonly from: string };
export type ControlAction = Control['action'];

interface Rule {
  readonly from: readonly WorkflowStatus[];
  /** It is so already. */
  readonly unchangedIn: readonly WorkflowStatus[];
}

/** The table of ARCHITECTURE.md. In every other state the request is refused. */
export const controlRules: { readonly [Action in ControlAction]: Rule } = {
  pause: { from: ['running', 'waiting'], unchangedIn: ['paused'] },
  resume: { from: ['paused'], unchangedIn: ['running', 'waiting'] },
  cancel: { from: ['running', 'waiting', 'paused'], unchangedIn: ['cancelled'] },
  terminate: { from: ['running', 'waiting', 'paused'], unchangedIn: ['cancelled'] },
  retry: { from: ['failed', 'timed_out', 'cancelled'], unchangedIn: ['running', 'waiting'] },
  rerun: { from: ['completed', 'failed', 'timed_out', 'cancelled'], unchangedIn: [] },
};

export function controlled(draft: Draft, control: Control, by: string): Answered {
  const { status } = draft.state;
  const rule = controlRules[control.action];
  if (rule.unchangedIn.includes(status)) return { outcome: 'unchanged', message: `The workflow is ${status}.` };
  const { parent } = draft.header;
  if (parent !== undefined && (control.action === 'retry' || control.action === 'rerun')) {
    // Its end was the reply to that step, and nothing takes a reply back.
    const above = `step "${parent.subtaskId}" of the workflow "${parent.workflowId}"`;
    return { outcome: 'refused', message: `This workflow is the work of ${above}: ask that one to ${control.action}.` };
  }
  if (!rule.from.includes(status))
    return { outcome: 'refused', message: `A workflow that is ${status} cannot be asked to ${control.action}; it must be ${rule.from.join(' or ')}.` };
  if (!hasRoom(draft) && (control.action === 'retry' || control.action === 'rerun'))
    return { outcome: 'refused', message: `Its history has ${draft.workflow.revision} entries, which is the limit: restart it as another workflow.` };
  switch (control.action) {
    case 'pause':
      return pause(draft, by);
    case 'resume':
      return resume(draft, by);
    case 'cancel':
      stop(draft, 'cancelled', { code: 'CANCELLED', message: `Cancelled by ${by}.` }, { graceMs: control.graceMs, by });
      return { outcome: 'applied' };
    case 'terminate':
      stop(draft, 'cancelled', { code: 'TERMINATED', message: `Terminated by ${by}.` }, { by });
      return { outcome: 'applied' };
    case 'retry':
      return retry(draft, by);
    case 'rerun':
      return rerun(draft, control.from, by);
  }
}

function pause(draft: Draft, by: string): Answered {
  const { now, state } = draft;
  assert('expiresAt' in state, 'only what runs is paused');
  draft.state = { status: 'paused', expiresAt: state.expiresAt, pausedAt: now, by };
  draft.deadlines.set(null, null);
  draft.control.set('*', 'paused');
  for (const [id, effect] of draft.effects) if (effect.kind !== 'notify') putBack(draft, id, triesOf(draft.get(id)), 'resumed');
  for (const id of recorded(draft)) cascade(draft, id, { control: 'pause', graceMs: 0, by });
  draft.events.push({ type: 'workflow_paused', at: now, by });
  return { outcome: 'applied' };
}

/** Time stood still meanwhile: for the workflow, and for everything that nobody was at work on. */
function resume(draft: Draft, by: string): Answered {
  const { now, state } = draft;
  assert(state.status === 'paused', 'only what is paused is resumed');
  const pausedMs = now - state.pausedAt;
  for (const id of recorded(draft)) {
    cascade(draft, id, { control: 'resume', graceMs: 0, by });
    thaw(draft, id, pausedMs);
  }
  draft.events.push({ type: 'workflow_resumed', at: now, by });
  run(draft, state.expiresAt + pausedMs);
  return { outcome: 'applied' };
}

function thaw(draft: Draft, id: string, pausedMs: number): void {
  const subtask = draft.get(id);
  const { now, deadlines } = draft;
  // A child that the pause kept from being started is not waited for any longer.
  if (subtask?.status === 'assigned' && nodeOf(draft, id).kind === 'workflow') deadlines.set(id, now);
  if (subtask?.status === 'pending' && subtask.since !== undefined) reset(draft, id, { ...subtask, since: subtask.since + pausedMs });
  if (subtask?.status === 'retrying') {
    put(draft, id, { ...subtask, assignedAt: subtask.assignedAt + pausedMs });
    deadlines.set(id, Math.max(subtask.until, now));
  }
  if (subtask?.status === 'running') {
    const assignedAt = subtask.assignedAt + pausedMs;
    put(draft, id, { ...subtask, assignedAt });
    deadlines.set(id, assignedAt + nodeOf(draft, id).timeout_ms);
  }
  if (subtask?.status !== 'waiting') return;
  if (subtask.for.kind === 'sleep') return void deadlines.set(id, Math.max(subtask.for.until, now));
  const expiresAt = subtask.for.expiresAt + pausedMs;
  put(draft, id, { ...subtask, for: { ...subtask.for, expiresAt } });
  deadlines.set(id, expiresAt);
}

function recorded(draft: Draft): ReadonlySet<string> {
  return new Set([...draft.workflow.subtasks.keys(), ...draft.subtasks.keys()]);
}
