/** What must have happened before a subtask begins: the needs that its join asks for, a place in its map, the parts of a loop before it. */
import { buildGraph, type Graph, hasEnded, type Join, type MapNode, type Node, nodeOf, placeOf, type Subtask } from '@baton/core';
import type { Change } from './commit-rules.ts';

const graphs = new WeakMap<readonly Node[], Graph>();

export function beganTooEarly(change: Change): string | null {
  for (const [id, subtask] of change.commit.patch.subtasks) {
    const isBegun =
      ['assigned', 'running', 'waiting'].includes(subtask.status) || (subtask.status === 'completed' && (change.before(id)?.status ?? 'pending') === 'pending');
    if (!isBegun || hasEnded(change.state)) continue;
    const isNew = (change.before(id)?.status ?? 'pending') === 'pending' || change.before(id)?.generation !== subtask.generation;
    const early = isNew ? earlyIn(change, id) : null;
    if (early !== null) return `${id} began, ${early}`;
  }
  return null;
}

function earlyIn(change: Change, id: string): string | null {
  const place = placeOf(id);
  switch (place.in) {
    case 'map':
      return crowded(change, place.parent);
    case 'loop':
      return outOfRound(change, place.parent, place.round, place.local);
    case 'definition':
      return needsOpen(change, change.page.type.graph, place.local, (local) => local);
    case 'plan': {
      const graph = planned(change.after(place.parent));
      return graph === null ? `but ${place.parent} is no plan that was accepted` : needsOpen(change, graph, place.local, (local) => `${place.parent}/${local}`);
    }
  }
}

function planned(subtask: Subtask | undefined): Graph | null {
  const parts = subtask !== undefined && 'parts' in subtask ? subtask.parts : undefined;
  if (parts?.kind !== 'plan') return null;
  const graph = graphs.get(parts.nodes) ?? buildGraph(parts.nodes);
  graphs.set(parts.nodes, graph);
  return graph;
}

function needsOpen({ after }: Change, graph: Graph, local: string, idOf: (local: string) => string): string | null {
  const needs = graph.needs.get(local) ?? [];
  const all = needs.map((need) => after(idOf(need)));
  const join = graph.nodes.get(local)?.join as Join;
  const completed = all.filter((need) => need?.status === 'completed').length;
  const open = all.filter((need) => need === undefined || !['completed', 'failed_permanent', 'skipped', 'cancelled'].includes(need.status)).length;
  switch (join.kind) {
    case 'all': {
      const bad = needs.find((_, index) => !isGood(all[index]));
      return bad === undefined ? null : `but ${bad} is ${after(idOf(bad))?.status ?? 'pending'}`;
    }
    case 'settled':
      return open === 0 ? null : `but ${open} of its needs are open`;
    case 'any':
      return completed >= 1 ? null : 'but none of its needs is completed';
    case 'first':
    case 'quorum':
      return completed >= join.k ? null : `but only ${completed} of ${join.k} of its needs are completed`;
  }
}

function isGood(need: Subtask | undefined): boolean {
  return need?.status === 'completed' || need?.status === 'skipped' || (need?.status === 'failed_permanent' && need.tolerated === true);
}

function crowded({ commit, after }: Change, map: string): string | null {
  const board = { header: commit.workflow.header, type: commit.workflow.type, get: after, view: () => ({}) };
  const { concurrency } = nodeOf(board, map) as MapNode;
  const parts = after(map);
  if (parts === undefined || !('parts' in parts) || parts.parts?.kind !== 'map') return `but ${map} is not running`;
  const atWork = parts.parts.items.filter((_, index) =>
    ['assigned', 'running', 'waiting', 'retrying'].includes(after(`${map}[${index}]`)?.status ?? 'pending'),
  ).length;
  return atWork <= concurrency ? null : `but ${atWork} items are at work and ${concurrency} are the limit`;
}

function outOfRound({ after }: Change, loop: string, round: number, local: string): string | null {
  const isDone = (number: number, part: string) => after(`${loop}#${number}/${part}`)?.status === 'completed';
  if (local === 'critique') return isDone(round, 'generate') ? null : 'before there is a draft';
  return round === 1 || isDone(round - 1, 'critique') ? null : 'before the round before was judged';
}
