/** How a workflow moves: what has settled decides what may begin, what nobody needs any more, and whether a whole is done or has failed. */
import { begin } from './begin.ts';
import { cancel, cancelPartsOf } from './cancel.ts';
import type { Node } from './definition.ts';
import { type Draft, statusOf } from './draft.ts';
import { finish, stop } from './end.ts';
import { graphAround, nodeOf } from './frame.ts';
import { needIdsOf, votesOf } from './gather.ts';
import { edges, type Graph } from './graph.ts';
import { isEarly, isTolerant, joinVerdict, onePerVoter } from './join.ts';
import { continueLoop } from './loop.ts';
import { continueMap } from './map.ts';
import { concludePlan } from './plan.ts';
import { fail } from './settle.ts';
import { isSettled } from './subtask.ts';
import { type Place, placeOf, siblingOf } from './subtask-id.ts';
import { definitionKey, partsKey, settledIn } from './tally.ts';
import { hasEnded } from './workflow.ts';

/** Does what has to be done until nothing follows from it any more. */
export function proceed(draft: Draft): void {
  for (let todo = draft.todo.shift(); todo !== undefined; todo = draft.todo.shift()) {
    if (hasEnded(draft.state)) continue;
    if (todo.kind === 'begin') begin(draft, todo.id);
    else if (todo.kind === 'settled') follow(draft, todo.id);
    else if (todo.id === null) finish(draft);
    else concludePlan(draft, todo.id);
  }
}

function follow(draft: Draft, id: string): void {
  const place = placeOf(id);
  if (place.in === 'map') return continueMap(draft, place.parent);
  if (place.in === 'loop') return continueLoop(draft, place.parent);
  const graph = graphAround(draft, place) as Graph;
  cancelPartsOf(draft, id);
  const dependents = edges(graph.dependents, place.local);
  for (const dependent of dependents) gate(draft, siblingOf(place, dependent));
  cancelOrphans(draft, id, place, graph);
  const settled = draft.get(id);
  if (settled?.status === 'failed_permanent' && settled.tolerated !== true && !isLivedWith(graph, dependents))
    return failWhole(draft, id, place, settled.error);
  const whole = place.in === 'plan' ? place.parent : null;
  if (settledIn(draft.tally(whole === null ? definitionKey : partsKey(whole))) === graph.nodes.size) draft.todo.push({ kind: 'whole', id: whole });
}

/** Every join behind it can do without. With nobody behind it, nobody can. */
function isLivedWith(graph: Graph, dependents: readonly string[]): boolean {
  return dependents.length > 0 && dependents.every((dependent) => isTolerant((graph.nodes.get(dependent) as Node).join));
}

/** May the subtask begin, now that one of its needs has settled? Or can it never? */
export function gate(draft: Draft, id: string): void {
  if (statusOf(draft, id) !== 'pending') return;
  const { join } = nodeOf(draft, id);
  const needs = needIdsOf(draft, id);
  const verdict = joinVerdict(join, draft.tally(id), needs.length, () => onePerVoter(votesOf(draft, needs)).length);
  if (verdict === 'open') return;
  if (verdict === 'ready') begin(draft, id);
  else if (isTolerant(join)) fail(draft, id, { code: 'JOIN_IMPOSSIBLE', message: impossible(draft, join.kind, needs) });
  if (isEarly(join) && statusOf(draft, id) !== 'pending') for (const need of needs) cancelIfNeedless(draft, need);
}

function impossible(draft: Draft, kind: string, needs: readonly string[]): string {
  const completed = needs.filter((need) => statusOf(draft, need) === 'completed');
  return `"${kind}" can no longer be reached: ${completed.length} of ${needs.length} succeeded (${completed.join(', ') || 'none'}).`;
}

/** Nothing behind it waits for it any more, nor does the result. */
function cancelIfNeedless(draft: Draft, id: string): void {
  const place = placeOf(id);
  const graph = graphAround(draft, place);
  if (graph === null || isSettled(draft.get(id)) || draft.type.inResult.has(id)) return;
  const isNeeded = edges(graph.dependents, place.local).some((dependent) => statusOf(draft, siblingOf(place, dependent)) === 'pending');
  if (!isNeeded) cancel(draft, id);
}

/** What was begun only for something that is cancelled now. */
function cancelOrphans(draft: Draft, id: string, place: Place, graph: Graph): void {
  if (statusOf(draft, id) !== 'cancelled') return;
  for (const need of edges(graph.needs, place.local)) cancelIfNeedless(draft, siblingOf(place, need));
}

function failWhole(draft: Draft, id: string, place: Place, error: { readonly code: string; readonly message: string }): void {
  if (place.in === 'plan') {
    if (statusOf(draft, place.parent) === 'running')
      fail(draft, place.parent, { code: 'PLAN_FAILED', message: `"${id}" failed: ${error.message}`, details: { subtask_id: id, code: error.code } });
    return;
  }
  stop(draft, 'failed', { code: 'SUBTASK_FAILED', message: `Subtask "${id}" failed: ${error.message}`, details: { subtask_id: id, code: error.code } });
}
