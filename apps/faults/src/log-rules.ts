/**
 * What must hold of the event log of a workflow that has ended, whatever happened on the way: read by itself, as an auditor would. Each rule answers with
 * a sentence for what breaks it, or null. The rules of single commits are the testkit's (`invariants.ts`): they need what a log does not say.
 */
import { type EventEntry, type Join, nextEventHash, placeOf, type RecordedEvent, type Workflow } from '@baton/core';

type Log = readonly RecordedEvent[];
type Rule = (log: Log, workflow: Workflow) => string | null;
type Kind = RecordedEvent['type'];

const ends: readonly Kind[] = ['workflow_completed', 'workflow_failed', 'workflow_cancelled', 'workflow_timed_out'];
const settlements: readonly Kind[] = ['subtask_completed', 'subtask_failed', 'subtask_skipped', 'subtask_cancelled'];
const beginnings: readonly Kind[] = ['subtask_assigned', 'subtask_waiting'];

const rules: readonly Rule[] = [oneLife, endIsTheState, settledStaysSettled, oneDispatchEach, resultIsOfTheLast, needsFirst, pauseIsExact];

/** @returns a sentence for everything that is wrong */
export function brokenRules(workflow: Workflow, entries: readonly EventEntry[]): readonly string[] {
  const log = entries.flatMap(({ events }) => events);
  const chain = brokenChain(entries, workflow.eventHash);
  return [...(chain === null ? [] : [chain]), ...rules.flatMap((rule) => rule(log, workflow) ?? [])];
}

/** Nothing was changed, and nothing taken out. */
function brokenChain(entries: readonly EventEntry[], last: string): string | null {
  let hash = '';
  for (const { id, events, hash: said } of entries) {
    hash = nextEventHash(hash, events);
    if (hash !== said) return `the hash of the entry ${id} is not that of the entries up to it`;
  }
  return hash === last ? null : 'the log is longer or shorter than the workflow says';
}

function oneLife(log: Log): string | null {
  const [started, ended] = [log.filter(({ type }) => type === 'workflow_started'), log.filter(({ type }) => ends.includes(type))];
  if (started.length !== 1 || log[0]?.type !== 'workflow_started') return `it was started ${started.length} times, first came ${log[0]?.type}`;
  if (ended.length !== 1) return `it ended ${ended.length} times`;
  const after = log.slice(log.findIndex(({ type }) => ends.includes(type)) + 1);
  return after.length === 0 ? null : `after its end came ${after.map(({ type }) => type).join(', ')}`;
}

function endIsTheState(log: Log, { state }: Workflow): string | null {
  return log.at(-1)?.type === `workflow_${state.status}` ? null : `it is ${state.status}, and its log ends with ${log.at(-1)?.type}`;
}

function settledStaysSettled(log: Log): string | null {
  const settled = new Map<string, Kind>();
  for (const event of log) {
    if (!('subtaskId' in event) || event.type === 'context_updated') continue;
    const before = settled.get(event.subtaskId);
    if (before !== undefined) return `after ${before} of ${event.subtaskId} came ${event.type}`;
    if (settlements.includes(event.type)) settled.set(event.subtaskId, event.type);
  }
  return null;
}

/** Generations grow, and each is dispatched once. */
function oneDispatchEach(log: Log): string | null {
  const last = new Map<string, number>();
  for (const event of log) {
    if (event.type !== 'subtask_assigned') continue;
    const before = last.get(event.subtaskId) ?? -1;
    if (event.generation <= before) return `${event.subtaskId} was assigned as generation ${event.generation} after ${before}`;
    last.set(event.subtaskId, event.generation);
  }
  return null;
}

/** What counts is what was asked for last. */
function resultIsOfTheLast(log: Log): string | null {
  const last = new Map<string, number>();
  for (const event of log) {
    if (event.type === 'subtask_assigned') last.set(event.subtaskId, event.generation);
    if (event.type !== 'subtask_completed' || !last.has(event.subtaskId)) continue;
    if (event.generation !== last.get(event.subtaskId))
      return `${event.subtaskId} completed as generation ${event.generation}, and ${last.get(event.subtaskId)} was asked for`;
  }
  return null;
}

function needsFirst(log: Log, { type: { graph } }: Workflow): string | null {
  const seen = new Map<string, RecordedEvent>();
  for (const event of log) {
    if (!('subtaskId' in event)) continue;
    const { subtaskId } = event;
    const node = placeOf(subtaskId).in === 'definition' ? graph.nodes.get(subtaskId) : undefined;
    const needs = graph.needs.get(subtaskId) ?? [];
    if (
      node !== undefined &&
      beginnings.includes(event.type) &&
      !isDecided(
        node.join,
        needs.map((need) => seen.get(need)),
      )
    )
      return `${subtaskId} began before its join "${node.join.kind}" of ${needs.join(', ')} was decided`;
    if (settlements.includes(event.type)) seen.set(subtaskId, event);
  }
  return null;
}

function isDecided(join: Join, needs: readonly (RecordedEvent | undefined)[]): boolean {
  const good = needs.filter((event) => event?.type === 'subtask_completed').length;
  const isSafe = (event: RecordedEvent | undefined) =>
    event?.type === 'subtask_completed' || event?.type === 'subtask_skipped' || (event?.type === 'subtask_failed' && event.tolerated === true);
  switch (join.kind) {
    case 'all':
      return needs.every(isSafe);
    case 'settled':
      return needs.every((event) => event !== undefined);
    case 'any':
      return good >= 1;
    case 'first':
    case 'quorum':
      return good >= join.k;
  }
}

/** Nothing begins while it is paused. */
function pauseIsExact(log: Log): string | null {
  let isPaused = false;
  for (const event of log) {
    if (event.type === 'workflow_paused') isPaused = true;
    if (event.type === 'workflow_resumed') isPaused = false;
    if (isPaused && beginnings.includes(event.type) && 'subtaskId' in event) return `${event.subtaskId} began while it was paused`;
  }
  return null;
}
