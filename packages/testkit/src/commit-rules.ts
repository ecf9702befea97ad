/**
 * What must hold of every commit beside the invariants: the engine's memory is right, generations grow, nothing begins in a pause, effects and the
 * record say what the patch does. Each rule answers with a sentence for what breaks it, or null.
 */
import { type Commit, hasEnded, isMarked, isSettled, nodeOf, parentKey, type RecordedEvent, type Subtask } from '@baton/core';
import { answerKey, type Change, changeOf, isPending, type LedgerPage } from './ledger-page.ts';
import { partBeganTooEarly } from './order-rules.ts';
import { builtOnTheRecord, dispatchedIn, markedRightly, markHeld, recalled } from './tree-rules.ts';

type Rule = (change: Change) => string | null;

const rules: readonly Rule[] = [
  memoryIsRight,
  generationsGrow,
  nothingBeginsInPause,
  partBeganTooEarly,
  answersMatch,
  oneVoteEach,
  effectsMatch,
  markedRightly,
  markHeld,
  recalled,
  builtOnTheRecord,
  eventsMatch,
  somebodyLooks,
  contextIsOrdered,
];

export function brokenRule(page: LedgerPage, commit: Commit): string | null {
  const change = changeOf(page, commit);
  for (const rule of rules) {
    const broken = rule(change);
    if (broken !== null) return `${rule.name}: ${broken}`;
  }
  return null;
}

/** What the engine decided on is what was committed. */
function memoryIsRight({ page, commit: { workflow } }: Change): string | null {
  if (workflow.revision === 0 && page.events.length > 0) return 'it was created twice';
  for (const key of new Set([...workflow.tallies.keys(), ...page.workflow.tallies.keys()])) {
    const [remembered, known] = [workflow.tallies.get(key), page.workflow.tallies.get(key)].map((tally) => JSON.stringify(tally ?? noTally));
    if (remembered !== known) return `the engine remembers the tally "${key}" as ${remembered}, and it is ${known}`;
  }
  return null;
}

const noTally = { completed: 0, absent: 0, failed: 0, skipped: 0, cancelled: 0 };

function generationsGrow({ commit: { patch }, before }: Change): string | null {
  for (const [id, after] of patch.subtasks) {
    const earlier = before(id);
    if (earlier === undefined || after.generation > earlier.generation) continue;
    if (after.generation < earlier.generation) return `${id} went back from generation ${earlier.generation} to ${after.generation}`;
    if (isPending(after) && !isPending(earlier)) return `${id} went back from ${earlier.status} to pending as the same generation`;
  }
  return null;
}

function nothingBeginsInPause({ commit: { patch }, state, before }: Change): string | null {
  if (state.status !== 'paused') return null;
  const begun = patch.subtasks.find(([id, { status }]) => isPending(before(id)) && ['assigned', 'running', 'waiting', 'completed'].includes(status));
  return begun === undefined ? null : `${begun[0]} became ${begun[1].status} while the workflow is paused`;
}

/** Whoever is said to have done it has answered this very dispatch: not one before it, and not another subtask's. */
function answersMatch({ page, commit: { patch }, before }: Change): string | null {
  for (const [id, after] of patch.subtasks) {
    const execution = 'execution' in after ? after.execution : undefined;
    const isChild = execution?.agent.startsWith('workflow/');
    const earlier = before(id);
    if (execution === undefined || isChild || (earlier?.status !== 'assigned' && !isMarked(earlier))) continue;
    if (!page.answered.has(answerKey(id, after.generation, execution)))
      return `${id}~${after.generation} is ${after.status} by an answer that it was never given`;
  }
  return null;
}

/** Nobody has two votes on the same approval. */
function oneVoteEach({ commit: { patch } }: Change): string | null {
  for (const [id, after] of patch.subtasks) {
    const answers = after.status === 'waiting' && after.for.kind === 'approval' ? after.for.answers.map(({ by }) => by) : [];
    if (new Set(answers).size < answers.length) return `${id} counts somebody twice: ${answers.join(', ')}`;
  }
  return null;
}

/** Each assignment and each mark has its dispatch, now or, after a mark, before; and each dispatch its assignment or its mark. */
function effectsMatch(change: Change): string | null {
  const { commit, before, after } = change;
  const acted = dispatchedIn(commit);
  for (const [id, generation] of acted) {
    const subtask = after(id);
    if ((subtask?.status !== 'assigned' && !isMarked(subtask)) || subtask.generation !== generation)
      return `${id}~${generation} is dispatched, but is ${subtask?.status}~${subtask?.generation}`;
  }
  const silent = commit.patch.subtasks.find(([id, subtask]) => {
    const earlier = before(id);
    const isInQueue = (earlier?.status === 'assigned' || isMarked(earlier)) && earlier.generation === subtask.generation;
    return (subtask.status === 'assigned' || isMarked(subtask)) && !acted.has(id) && !isInQueue;
  });
  return silent === undefined ? null : `${silent[0]} is assigned, but nothing is dispatched`;
}

const eventOf: Readonly<Partial<Record<Subtask['status'], RecordedEvent['type']>>> = {
  assigned: 'subtask_assigned',
  waiting: 'subtask_waiting',
  completed: 'subtask_completed',
  failed_permanent: 'subtask_failed',
  skipped: 'subtask_skipped',
  cancelled: 'subtask_cancelled',
};
const eventTypes = new Set<string>(Object.values(eventOf));

/** Whoever reads the log alone knows every change of status. */
function eventsMatch({ page, commit: { patch }, state, before }: Change): string | null {
  for (const [id, after] of patch.subtasks) {
    const earlier = before(id);
    const expected = eventOf[after.status];
    if (expected === undefined || (earlier?.status === after.status && earlier.generation === after.generation)) continue;
    const last = patch.events.findLast((event) => 'subtaskId' in event && event.subtaskId === id && eventTypes.has(event.type));
    if (last?.type !== expected) return `${id} became ${after.status}, but the log says ${last?.type ?? 'nothing'}`;
  }
  const { status } = state;
  if (status === page.workflow.state.status || (status !== 'paused' && !hasEnded(state))) return null;
  return patch.events.some(({ type }) => type === `workflow_${status}`) ? null : `the workflow became ${status}, but the log does not say so`;
}

/** A child looks after its parent; an end leaves nothing to look at but the end of the retention; what is not open has no deadline. */
function somebodyLooks({ page, commit: { patch }, state, after }: Change): string | null {
  const deadlines = new Map(page.watch.deadlines);
  for (const { subtaskId, at } of patch.deadlines) {
    if (at === null) deadlines.delete(subtaskId);
    else deadlines.set(subtaskId, at);
  }
  const { header, type } = page.workflow;
  if (hasEnded(state)) {
    const isRetained = deadlines.get(null) === state.endedAt + type.definition.retention_ms;
    return isRetained && deadlines.size === 1 ? null : `it ended with the deadlines ${JSON.stringify([...deadlines])}`;
  }
  if (header.parent !== undefined && !deadlines.has(parentKey)) return 'nobody will look after its parent';
  const idle = [...deadlines.keys()].find((id) => id !== null && id !== parentKey && (isPending(after(id)) || isSettled(after(id))));
  return idle === undefined ? null : `${idle} is ${after(idle as string)?.status ?? 'pending'} and has a deadline`;
}

/** Only who may writes, and never over somebody who stands later. */
function contextIsOrdered({ page: { workflow }, commit: { patch }, after }: Change): string | null {
  const board = { header: workflow.header, type: workflow.type, get: after, view: () => workflow.view };
  for (const [path, entry] of patch.context) {
    if (!nodeOf(board, entry.by).writes.some((allowed) => `${path}.`.startsWith(`${allowed}.`))) return `${entry.by} wrote ${path}, which it may not`;
    const earlier = workflow.context.get(path);
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
