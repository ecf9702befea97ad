/**
 * How many parts of something stand how: of the needs of a node (key: its id), of the parts of a composite (`id*`), of the whole definition
 * (`*`), and what is at work (`#active`) or waits (`#waiting`). Kept beside the subtasks, so that a join of 1,000 needs costs each of them one step.
 */
import { edges, type Graph } from './graph.ts';
import { planGraph } from './plan-graph.ts';
import type { Subtask } from './subtask.ts';
import { placeOf, siblingOf } from './subtask-id.ts';

/** How many have settled, and how. `absent`: optional and failed, so that its result is null. */
export interface Tally {
  readonly completed: number;
  readonly absent: number;
  readonly failed: number;
  readonly skipped: number;
  readonly cancelled: number;
}
export const noTally: Tally = { completed: 0, absent: 0, failed: 0, skipped: 0, cancelled: 0 };

/** Where tallies are read and written: the workflow's own, or a draft's over them. */
export interface TallyBook {
  get(key: string): Tally | undefined;
  set(key: string, tally: Tally): unknown;
}

export const activeKey = '#active';
export const waitingKey = '#waiting';
export const definitionKey = '*';
export function partsKey(id: string): string {
  return `${id}*`;
}

export function settledIn({ completed, absent, failed, skipped, cancelled }: Tally): number {
  return completed + absent + failed + skipped + cancelled;
}

export interface SubtaskChange {
  readonly id: string;
  readonly before: Subtask | undefined;
  readonly after: Subtask;
  /** A composite's record as it was and as it is: a plan may have other parts now. */
  readonly wholeBefore: (parent: string) => Subtask | undefined;
  readonly wholeAfter: (parent: string) => Subtask | undefined;
}

/** Brings the tallies from what the subtask was to what it is. */
export function countSubtask(tallies: TallyBook, graph: Graph, { id, before, after, wholeBefore, wholeAfter }: SubtaskChange): void {
  const [from, to] = [classOf(before), classOf(after)];
  if (from === to) return;
  if (from !== null && from in noTally) for (const key of keysOf(id, graph, wholeBefore)) add(tallies, key, from as keyof Tally, -1);
  if (to !== null && to in noTally) for (const key of keysOf(id, graph, wholeAfter)) add(tallies, key, to as keyof Tally, 1);
  if (from === 'active' || to === 'active') add(tallies, activeKey, 'completed', to === 'active' ? 1 : -1);
  if (from === 'waiting' || to === 'waiting') add(tallies, waitingKey, 'completed', to === 'waiting' ? 1 : -1);
}

type Class = keyof Tally | 'active' | 'waiting' | null;

function classOf(subtask: Subtask | undefined): Class {
  if (subtask === undefined) return null;
  switch (subtask.status) {
    case 'pending':
    case 'running':
      return null;
    case 'assigned':
    case 'retrying':
      return 'active';
    case 'waiting':
      return 'waiting';
    case 'failed_permanent':
      return subtask.tolerated === true ? 'absent' : 'failed';
    case 'completed':
    case 'skipped':
    case 'cancelled':
      return subtask.status;
  }
}

/** The node that waits for it, and the whole that it is part of. */
function keysOf(id: string, graph: Graph, wholeOf: (parent: string) => Subtask | undefined): readonly string[] {
  const place = placeOf(id);
  if (place.in === 'definition') return [definitionKey, ...edges(graph.dependents, id)];
  const whole = partsKey(place.parent);
  if (place.in !== 'plan') return [whole];
  const plan = planGraph(wholeOf(place.parent)) as Graph;
  return [whole, ...edges(plan.dependents, place.local).map((local) => siblingOf(place, local))];
}

function add(tallies: TallyBook, key: string, name: keyof Tally, by: number): void {
  const tally = tallies.get(key) ?? noTally;
  tallies.set(key, { ...tally, [name]: tally[name] + by });
}
