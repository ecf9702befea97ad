/**
 * What people do to a running or ended workflow. Each is allowed in the states of the table, changes nothing where it is so already, and is
 * recorded with who asked. **Invariant:** from the commit of a pause on nothing begins; what is at work finishes and is recorded.
 */
import { cascade } from './cascade.ts';
import { type Answered, type Draft, reset } from './draft.ts';
import { stop } from './end.ts';
import { edges } from './graph.ts';
import { continueLoop } from './loop.ts';
import { resumeItems } from './map.ts';
import { planGraph } from './plan-graph.ts';
import { gate } from './progress.ts';
import { isSettled, type Subtask } from './subtask.ts';
import { partOfPlan, placeOf } from './subtask-id.ts';
import { hasEnded, type WorkflowState, type WorkflowStatus } from './workflow.ts';

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
  if (!rule.from.includes(status)) return { outcome: 'refused', message: `A workflow that is ${status} cannot be asked to ${control.action}; it must be ${rule.from.join(' or ')}.` };
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
  if (!('expiresAt' in state)) return { outcome: 'refused' };
  draft.state = { status: 'paused', expiresAt: state.expiresAt, pausedAt: now, by };
  draft.deadlines.set(null, null);
  draft.control.set('*', 'paused');
  for (const id of draft.workflow.subtasks.keys()) cascade(draft, id, { control: 'pause', graceMs: 0, by });
  draft.events.push({ type: 'workflow_paused', at: now, by });
  return { outcome: 'applied' };
}

/** The workflow's time stood still meanwhile. */
function resume(draft: Draft, by: string): Answered {
  const { now, state } = draft;
  if (state.status !== 'paused') return { outcome: 'refused' };
  for (const id of draft.workflow.subtasks.keys()) cascade(draft, id, { control: 'resume', graceMs: 0, by });
  draft.events.push({ type: 'workflow_resumed', at: now, by });
  run(draft, state.expiresAt + (now - state.pausedAt));
  return { outcome: 'applied' };
}

/** From the failed steps on; what has succeeded stays. */
function retry(draft: Draft, by: string): Answered {
  const again = [...draft.workflow.subtasks].filter(([, subtask]) => subtask.status === 'cancelled' || (subtask.status === 'failed_permanent' && subtask.tolerated !== true));
  for (const [id, subtask] of again) putBack(draft, id, subtask, true);
  draft.events.push({ type: 'workflow_retried', at: draft.now, by, from: again.filter(([, { status }]) => status === 'failed_permanent').map(([id]) => id) });
  run(draft, draft.now + draft.type.definition.timeout_ms);
  return { outcome: 'applied' };
}

function rerun(draft: Draft, from: string, by: string): Answered {
  const { graph } = draft.type;
  if (!graph.nodes.has(from)) return { outcome: 'refused', message: `There is no step "${from}"; there are: ${[...graph.nodes.keys()].join(', ')}.` };
  const anew = new Set([from]);
  for (const id of anew) for (const dependent of edges(graph.dependents, id)) anew.add(dependent);
  for (const [id, subtask] of draft.workflow.subtasks) {
    // What never came to its turn gets it now, whoever it depends on; the rest is what depends on the step, with all its parts.
    if (anew.has(rootOf(id)) || subtask.status === 'cancelled' || (subtask.status === 'failed_permanent' && subtask.tolerated !== true)) putBack(draft, id, subtask, false);
  }
  draft.events.push({ type: 'workflow_retried', at: draft.now, by, from: [from] });
  run(draft, draft.now + draft.type.definition.timeout_ms);
  return { outcome: 'applied' };
}

/** The step of the definition that a part belongs to. */
function rootOf(id: string): string {
  let place = placeOf(id);
  while (place.in !== 'definition') place = placeOf(place.parent);
  return place.local;
}

/** @param isKept a composite keeps the parts that succeeded */
function putBack(draft: Draft, id: string, subtask: Subtask, isKept: boolean): void {
  const generation = subtask.generation + 1;
  const parts = 'parts' in subtask ? subtask.parts : undefined;
  if (isKept && parts !== undefined && parts.kind !== 'loop' && isSettled(subtask)) {
    reset(draft, id, { status: 'running', generation, assignedAt: draft.now, parts });
    draft.deadlines.set(id, draft.now + (draft.type.graph.nodes.get(rootOf(id))?.timeout_ms ?? 0));
  } else reset(draft, id, { status: 'pending', generation });
}

/** Running again: the flags that held agents back go, and whatever can begin does. */
function run(draft: Draft, expiresAt: number): void {
  const state: WorkflowState = { status: 'running', expiresAt };
  draft.state = state;
  draft.deadlines.set(null, expiresAt);
  draft.control.set('*', null);
  for (const id of draft.type.graph.nodes.keys()) wake(draft, id);
}

/** A step that could begin, or a composite whose parts could. */
function wake(draft: Draft, id: string): void {
  const subtask = draft.get(id);
  if (hasEnded(draft.state)) return;
  if (subtask === undefined || subtask.status === 'pending') return gate(draft, id);
  if (subtask.status === 'retrying') return void draft.deadlines.set(id, Math.max(subtask.until, draft.now));
  if (subtask.status !== 'running') return;
  if (subtask.parts.kind === 'loop') {
    for (const part of ['generate', 'critique'] as const) wakePart(draft, `${id}#${subtask.parts.round}/${part}`);
    return continueLoop(draft, id);
  }
  if (subtask.parts.kind === 'map') {
    for (let index = 0; draft.get(`${id}[${index}]`) !== undefined; index += 1) wakePart(draft, `${id}[${index}]`);
    return resumeItems(draft, id, subtask);
  }
  for (const local of planGraph(subtask)?.nodes.keys() ?? []) wake(draft, partOfPlan(id, local));
}

function wakePart(draft: Draft, id: string): void {
  const part = draft.get(id);
  if (part?.status === 'retrying') draft.deadlines.set(id, Math.max(part.until, draft.now));
}
