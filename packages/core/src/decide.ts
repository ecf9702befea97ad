/**
 * The whole brain: what events mean for a workflow. Pure: no I/O, no clock, no randomness; `now` comes in, a patch and effects go out.
 * **Invariants:** what is settled stays settled, but for a retry or rerun that somebody asked for; a subtask begins only when its join is decided,
 * never while the workflow is paused, and is dispatched at most once per generation; an event that was seen before, or that comes too late, changes
 * nothing; the cost goes with what changes, never with the workflow.
 */
import type { Effect, Report } from './assignment.ts';
import { isFromAbove } from './cascade.ts';
import { check, due } from './check.ts';
import { type Control, controlled } from './control.ts';
import { type Answered, type Draft, hasRoom, openDraft, patchOf } from './draft.ts';
import { stop } from './end.ts';
import type { Json } from './json.ts';
import type { JobFacts } from './ports.ts';
import { proceed } from './progress.ts';
import { settleReport } from './report.ts';
import type { Answer } from './subtask.ts';
import { activeKey, waitingKey } from './tally.ts';
import { growTrees, type SameTree } from './trees.ts';
import { answer, signal } from './waiting.ts';
import { hasEnded, type Patch, parentKey, type Workflow, type WorkflowState } from './workflow.ts';

const parentCheckMs = 60_000;

export type WorkflowEvent =
  | { readonly kind: 'started' }
  | { readonly kind: 'settled'; readonly report: Report }
  /** A subtask's deadline passed, or its dispatch was never confirmed, and this is how its job was found. */
  | { readonly kind: 'checked'; readonly subtaskId: string; readonly generation: number; readonly facts: JobFacts }
  /** The deadline of a subtask without a job passed. */
  | { readonly kind: 'due'; readonly subtaskId: string }
  | { readonly kind: 'workflow_deadline_passed' }
  /** The workflow above was looked at: it is there as ever, it is paused, or it has no use for this one any more. */
  | { readonly kind: 'parent_checked'; readonly parent: 'alive' | 'paused' | 'gone' }
  | { readonly kind: 'controlled'; readonly control: Control; readonly by: string }
  /** `id` is the sender's: the same twice is one. */
  | { readonly kind: 'answered'; readonly id: string; readonly subtaskId: string; readonly answer: Answer }
  | { readonly kind: 'signalled'; readonly id: string; readonly signal: string; readonly payload: Json; readonly by: string };

export interface Decision {
  readonly patch: Patch;
  /** To be done once the patch is committed, and not before. */
  readonly effects: readonly Effect[];
  /** To the requests among the events, in their order. */
  readonly answers: readonly Answered[];
}

const handlers: { readonly [Kind in WorkflowEvent['kind']]: (draft: Draft, event: Extract<WorkflowEvent, { kind: Kind }>) => void } = {
  started: start,
  settled: (draft, { report }) => settleReport(draft, report),
  checked: check,
  due,
  workflow_deadline_passed: timeOut,
  parent_checked: (draft, { parent }) => checkParent(draft, parent),
  controlled: (draft, { control, by }) => void draft.answers.push(controlled(draft, control, by)),
  answered: (draft, { id, subtaskId, answer: given }) => void draft.answers.push(answer(draft, id, subtaskId, given)),
  signalled: (draft, event) =>
    void draft.answers.push(signal(draft, { kind: 'signal', id: event.id, signal: event.signal, payload: event.payload, by: event.by, at: draft.now })),
};

export interface DecideOptions {
  /** What is known of the agents: with it, dispatches are laid together into trees. Without: each goes on its own. */
  readonly sameTree?: SameTree | undefined;
}

/** @param now ms since the epoch. @returns what to commit and what to do then; an empty patch if nothing changes */
export function decide(workflow: Workflow, events: readonly WorkflowEvent[], now: number, { sameTree }: DecideOptions = {}): Decision {
  const draft = openDraft(workflow, now);
  endWithoutRoom(draft);
  for (const event of events) {
    draft.at = now;
    if (workflow.lost === undefined) (handlers[event.kind] as (draft: Draft, event: WorkflowEvent) => void)(draft, event);
    else giveUp(draft, event, workflow.lost);
    proceed(draft);
  }
  if (sameTree !== undefined) growTrees(draft, sameTree);
  draft.state = restState(draft);
  return { patch: patchOf(draft), effects: [...draft.effects.values(), ...draft.cascades], answers: draft.answers };
}

/** Does the decision leave everything as it is? Then there is nothing to commit. */
export function isNothing({ patch, effects }: Pick<Decision, 'patch' | 'effects'>): boolean {
  const { subtasks, state, deadlines, events, context, inbox, control } = patch;
  return state === undefined && [subtasks, deadlines, events, context, inbox, control, effects].every((changes) => changes.length === 0);
}

/** Overloads, signals, pauses and reruns without end each add to a history that is kept whole. */
function endWithoutRoom(draft: Draft): void {
  if (hasRoom(draft) || hasEnded(draft.state)) return;
  const message = `Its history has ${draft.workflow.revision} entries, which is the limit. Start it anew, in smaller workflows or with fewer attempts.`;
  stop(draft, 'failed', { code: 'HISTORY_FULL', message });
  proceed(draft);
}

function start(draft: Draft): void {
  const { header, type, now } = draft;
  if (draft.state.status !== 'pending') return;
  const expiresAt = now + type.definition.timeout_ms;
  draft.state = { status: 'running', expiresAt };
  draft.deadlines.set(null, expiresAt);
  if (header.parent !== undefined) draft.deadlines.set(parentKey, now + parentCheckMs);
  draft.events.push({ type: 'workflow_started', at: now, caller: header.caller });
  for (const id of type.graph.roots) draft.todo.push({ kind: 'begin', id });
}

function timeOut(draft: Draft): void {
  const { state, now, type } = draft;
  if (state.status !== 'running' && state.status !== 'waiting') return;
  if (now < state.expiresAt) return void draft.deadlines.set(null, state.expiresAt);
  stop(draft, 'timed_out', { code: 'WORKFLOW_TIMEOUT', message: `The workflow was not done within ${type.definition.timeout_ms} ms.` });
}

const asksForAnswer: ReadonlySet<WorkflowEvent['kind']> = new Set(['controlled', 'answered', 'signalled']);

/** What it would go on with is gone: whatever happens next ends it, and what has ended stays so. */
function giveUp(draft: Draft, { kind }: WorkflowEvent, lost: readonly string[]): void {
  const message = `What was kept out of line is gone, or is not what was kept: ${lost.join(', ')}. Look after the store that BATON_BLOBS names, and start the workflow anew.`;
  if (!hasEnded(draft.state)) stop(draft, 'failed', { code: 'PAYLOAD_LOST', message });
  if (asksForAnswer.has(kind)) draft.answers.push({ outcome: 'refused', message });
}

/** Normally the workflow above tells this one what becomes of it; this finds what was lost when nobody was there to tell. */
function checkParent(draft: Draft, parent: 'alive' | 'paused' | 'gone'): void {
  if (hasEnded(draft.state)) return void draft.deadlines.set(parentKey, null);
  draft.deadlines.set(parentKey, draft.now + parentCheckMs);
  const { state } = draft;
  if (parent === 'gone') controlled(draft, { action: 'terminate' }, 'parent: gone');
  else if (parent === 'paused') controlled(draft, { action: 'pause' }, 'parent: paused');
  else if (state.status === 'paused' && isFromAbove(state.by)) controlled(draft, { action: 'resume' }, 'parent: resumed');
}

/** Nothing at work, and something that is waited for: the workflow waits. */
function restState(draft: Draft): WorkflowState {
  const { state } = draft;
  if (state.status !== 'running' && state.status !== 'waiting') return state;
  const status = draft.tally(activeKey).completed === 0 && draft.tally(waitingKey).completed > 0 ? 'waiting' : 'running';
  return status === state.status ? state : { ...state, status };
}
