/**
 * What must hold of every commit, whatever happened to the workflow before: each rule answers with a sentence for what breaks it, or null.
 * They are written against the records alone, not with the functions that make the decisions.
 */
import {
  apply,
  type Commit,
  canFollow,
  findNode,
  hasEnded,
  isSettled,
  mayWrite,
  nodeOf,
  type RecordedEvent,
  restoreWorkflow,
  type Subtask,
  type WorkflowState,
} from '@baton/core';
import type { LedgerPage } from './ledger.ts';
import { beganTooEarly } from './order-rules.ts';

/** A commit beside what was there before it. */
export interface Change {
  readonly page: LedgerPage;
  readonly commit: Commit;
  /** As the commit leaves it. */
  readonly state: WorkflowState;
  readonly before: (id: string) => Subtask | undefined;
  readonly after: (id: string) => Subtask | undefined;
  /** Somebody asked for what has settled to be done again. */
  readonly isRetry: boolean;
}

type Rule = (change: Change) => string | null;

const rules: readonly Rule[] = [
  tallyIsRight,
  settledStaysSettled,
  generationsGrow,
  nothingBeginsInPause,
  dispatchedOnce,
  beganTooEarly,
  effectsMatch,
  eventsMatch,
  endIsWhole,
  somebodyLooks,
  contextIsOrdered,
];

export function brokenRule(page: LedgerPage, commit: Commit): string | null {
  const { patch } = commit;
  const changed = new Map(patch.subtasks);
  const before = (id: string) => page.subtasks.get(id);
  const isRetry = patch.events.some(({ type }) => type === 'workflow_retried');
  const change: Change = { page, commit, state: patch.state ?? page.state, before, after: (id) => changed.get(id) ?? before(id), isRetry };
  for (const rule of rules) {
    const broken = rule(change);
    if (broken !== null) return `${rule.name}: ${broken}`;
  }
  return null;
}

/** What the engine keeps beside the records says what the records say. */
function tallyIsRight({ page, commit: { workflow, patch } }: Change): string | null {
  const { header, type, revision, eventHash, state } = workflow;
  const known = restoreWorkflow(header, type, { revision, eventHash, state, subtasks: new Map(page.subtasks), context: new Map(), inbox: new Map() });
  const kept = restoreWorkflow(header, type, { revision, eventHash, state, subtasks: new Map(), context: new Map(), inbox: new Map() });
  for (const [key, tally] of workflow.tallies) kept.tallies.set(key, tally);
  for (const [id, subtask] of workflow.subtasks) kept.subtasks.set(id, subtask);
  apply(kept, { ...patch, context: [], inbox: [] });
  const again = restoreWorkflow(header, type, { revision, eventHash, state, subtasks: new Map(kept.subtasks), context: new Map(), inbox: new Map() });
  const wrong = differing(workflow.tallies, known.tallies) ?? differing(kept.tallies, again.tallies);
  return wrong === null ? null : `the tally "${wrong}" is not that of the subtasks`;
}

function differing(one: LedgerTallies, other: LedgerTallies): string | null {
  const text = (tallies: LedgerTallies, key: string) => JSON.stringify(tallies.get(key) ?? nothing);
  return [...new Set([...one.keys(), ...other.keys()])].find((key) => text(one, key) !== text(other, key)) ?? null;
}

type LedgerTallies = ReadonlyMap<string, object>;
const nothing = { completed: 0, absent: 0, failed: 0, skipped: 0, cancelled: 0 };

function settledStaysSettled({ page, commit: { patch }, before, isRetry }: Change): string | null {
  if (isRetry) return null;
  const changed = patch.subtasks.find(([id]) => isSettled(before(id)));
  if (changed !== undefined) return `${changed[0]} was ${before(changed[0])?.status} and became ${changed[1].status}`;
  return hasEnded(page.state) && patch.state !== undefined ? `the workflow had ended ${page.state.status} and became ${patch.state.status}` : null;
}

function generationsGrow({ commit: { patch }, before }: Change): string | null {
  for (const [id, after] of patch.subtasks) {
    const earlier = before(id);
    if (earlier === undefined || after.generation > earlier.generation) continue;
    if (after.generation < earlier.generation) return `${id} went back from generation ${earlier.generation} to ${after.generation}`;
    const isSameWork = after.status === earlier.status || canFollow(earlier.status, after.status) || (earlier.status === 'pending' && isSettled(after));
    // One decision may take several steps, by way of `assigned`; what it never does is to take work back under the same generation.
    if (!isSameWork && after.status === 'pending') return `${id} went back from ${earlier.status} to pending as the same generation`;
  }
  return null;
}

function nothingBeginsInPause({ commit: { patch, effects }, state, before }: Change): string | null {
  if (state.status !== 'paused') return null;
  const effect = effects.find(({ kind }) => kind === 'dispatch' || kind === 'start_child' || kind === 'notify');
  if (effect !== undefined) return `${effect.kind} while the workflow is paused`;
  const begun = patch.subtasks.find(
    ([id, { status }]) => (before(id)?.status ?? 'pending') === 'pending' && ['assigned', 'running', 'waiting', 'completed'].includes(status),
  );
  return begun === undefined ? null : `${begun[0]} became ${begun[1].status} while the workflow is paused`;
}

function dispatchedOnce({ page, commit: { effects } }: Change): string | null {
  const seen = new Set(page.dispatched);
  for (const effect of effects) {
    if (effect.kind !== 'dispatch') continue;
    const key = `${effect.assignment.subtaskId}~${effect.assignment.generation}`;
    if (seen.has(key)) return `${key} is dispatched a second time`;
    seen.add(key);
  }
  return null;
}

/** Each assignment has its dispatch, and each dispatch its assignment. */
function effectsMatch({ commit: { patch, effects }, before, after, page, commit }: Change): string | null {
  const acted = new Map(
    effects.flatMap((effect) =>
      effect.kind === 'dispatch'
        ? [[effect.assignment.subtaskId, effect.assignment.generation]]
        : effect.kind === 'start_child'
          ? [[effect.start.parent.subtaskId, effect.start.parent.generation]]
          : [],
    ) as [string, number][],
  );
  for (const [id, generation] of acted) {
    const subtask = after(id);
    if (subtask?.status !== 'assigned' || subtask.generation !== generation)
      return `${id}~${generation} is dispatched, but is ${subtask?.status}~${subtask?.generation}`;
  }
  const silent = patch.subtasks.find(([id, subtask]) => subtask.status === 'assigned' && before(id)?.generation !== subtask.generation && !acted.has(id));
  if (silent !== undefined) return `${silent[0]} is assigned, but nothing is dispatched`;
  const fresh = patch.subtasks.find(([id, subtask]) => subtask.status === 'assigned' && before(id)?.status !== 'assigned' && !acted.has(id));
  if (fresh !== undefined) return `${fresh[0]} is assigned, but nothing is dispatched`;
  return commit.workflow.revision === 0 && page.events.length > 0 ? 'it was created twice' : null;
}

const eventOf: Readonly<Partial<Record<Subtask['status'], RecordedEvent['type']>>> = {
  assigned: 'subtask_assigned',
  waiting: 'subtask_waiting',
  completed: 'subtask_completed',
  failed_permanent: 'subtask_failed',
  skipped: 'subtask_skipped',
  cancelled: 'subtask_cancelled',
};

/** Whoever reads the log alone knows every change of status. */
function eventsMatch({ page, commit: { patch }, state, before }: Change): string | null {
  for (const [id, after] of patch.subtasks) {
    const earlier = before(id);
    if (earlier?.status === after.status && earlier.generation === after.generation) continue;
    const expected = eventOf[after.status];
    if (expected === undefined) continue;
    const last = patch.events.findLast((event) => 'subtaskId' in event && event.subtaskId === id && Object.values(eventOf).includes(event.type));
    if (last?.type !== expected) return `${id} became ${after.status}, but the log says ${last?.type ?? 'nothing'}`;
  }
  const { status } = state;
  if (status === page.state.status || (status !== 'paused' && !hasEnded(state))) return null;
  return patch.events.some(({ type }) => type === `workflow_${status}`) ? null : `the workflow became ${status}, but the log does not say so`;
}

/** An end leaves nothing open, and nothing to look at but the end of the retention. */
function endIsWhole({ page, commit: { patch, effects }, state, after }: Change): string | null {
  if (!hasEnded(state)) return null;
  const act = effects.find(({ kind }) => kind !== 'control_child');
  if (act !== undefined) return `it ended ${state.status} with a ${act.kind}`;
  const ids = new Set([...page.type.graph.nodes.keys(), ...page.subtasks.keys(), ...patch.subtasks.map(([id]) => id)]);
  // Parts of a plan that was replaced by another are nobody's any more.
  const board = { header: page.header, type: page.type, get: after, view: () => ({}) };
  const open = [...ids].find((id) => !isSettled(after(id)) && findNode(board, id) !== undefined);
  if (open !== undefined) return `it ended ${state.status} with ${open} ${after(open)?.status ?? 'pending'}`;
  const left = [...deadlinesAfter({ page, commit: { patch } })].find(([id]) => id !== null);
  if (left !== undefined) return `it ended ${state.status} with a deadline of ${left[0]}`;
  return deadlinesAfter({ page, commit: { patch } }).get(null) === state.endedAt + page.type.definition.retention_ms
    ? null
    : 'it ended without a deadline for its retention';
}

function deadlinesAfter({
  page,
  commit: { patch },
}: {
  readonly page: LedgerPage;
  readonly commit: Pick<Commit, 'patch'>;
}): ReadonlyMap<string | null, number> {
  const deadlines = new Map(page.deadlines);
  for (const { subtaskId, at } of patch.deadlines) {
    if (at === null) deadlines.delete(subtaskId);
    else deadlines.set(subtaskId, at);
  }
  return deadlines;
}

/** Everything open is looked at again at some time, or it would hang for ever; nothing else is. */
function somebodyLooks({ page, commit, state, after }: Change): string | null {
  if (hasEnded(state)) return null;
  const deadlines = deadlinesAfter({ page, commit });
  if (state.status !== 'paused' && !deadlines.has(null)) return 'the workflow runs without a deadline';
  if (page.header.parent !== undefined && !deadlines.has('^')) return 'nobody will look after its parent';
  for (const id of new Set([...page.subtasks.keys(), ...commit.patch.subtasks.map(([each]) => each), ...deadlines.keys()])) {
    if (id === null || id === '^') continue;
    const status = after(id)?.status ?? 'pending';
    const isOpen = status !== 'pending' && !isSettled(after(id));
    if (!isOpen && deadlines.has(id)) return `${id} is ${status} and has a deadline`;
    // In a pause time stands still for everything but what agents are at work on.
    if (isOpen && !deadlines.has(id) && (status === 'assigned' || state.status !== 'paused')) return `${id} is ${status}, and nobody will look at it again`;
  }
  return null;
}

/** Only who may writes, and never under somebody who stands later. */
function contextIsOrdered({ page, commit: { workflow, patch }, after }: Change): string | null {
  const board = { header: workflow.header, type: workflow.type, get: after, view: () => workflow.view };
  for (const [path, entry] of patch.context) {
    if (!mayWrite(nodeOf(board, entry.by).writes, path)) return `${entry.by} wrote ${path}, which it may not`;
    const earlier = page.context.get(path);
    if (earlier !== undefined && earlier.by !== entry.by && isLater(earlier.order, entry.order))
      return `${entry.by} wrote ${path} over ${earlier.by}, which stands later`;
  }
  return null;
}

function isLater(one: readonly number[], other: readonly number[]): boolean {
  for (let index = 0; index < Math.max(one.length, other.length); index += 1) {
    if ((one[index] ?? -1) !== (other[index] ?? -1)) return (one[index] ?? -1) > (other[index] ?? -1);
  }
  return false;
}
