/** Where a subtask stands: its node, the graph around it, and what its references see. The same for what is written down and for what came at run time. */
import { strict as assert } from 'node:assert';
import type { LoopNode, MapNode, Node } from './definition.ts';
import { edges, type Graph } from './graph.ts';
import type { Json, JsonObject } from './json.ts';
import { planGraph } from './plan-graph.ts';
import { type Scope, valueAt } from './reference.ts';
import { type Subtask, triesOf } from './subtask.ts';
import { itemId, type Place, partOfRound, placeOf, siblingOf } from './subtask-id.ts';
import type { WorkflowHeader } from './workflow.ts';
import type { WorkflowType } from './workflow-type.ts';

/** What is known of a workflow at some moment: stored, or with a draft's changes over it. */
export interface Board {
  readonly header: WorkflowHeader;
  readonly type: WorkflowType;
  readonly get: (id: string) => Subtask | undefined;
  readonly view: () => JsonObject;
}

/** @throws if there is no such subtask: then somebody made an id up */
export function nodeOf(board: Board, id: string): Node {
  const node = findNode(board, id);
  assert(node !== undefined, `workflow ${board.header.id} has no subtask ${id}`);
  return node;
}

/** undefined: an id that came from outside names nothing. */
export function findNode(board: Board, id: string): Node | undefined {
  const place = placeOf(id);
  switch (place.in) {
    case 'definition':
      return board.type.graph.nodes.get(place.local);
    case 'map': {
      const map = findNode(board, place.parent);
      return map?.kind === 'map' ? itemNode(map) : undefined;
    }
    case 'loop': {
      const loop = findNode(board, place.parent);
      return loop?.kind === 'loop' ? roundNodes(loop)[place.local as 'generate'] : undefined;
    }
    case 'plan':
      return planGraph(board.get(place.parent))?.nodes.get(place.local);
  }
}

/** The capability that is asked now: the node's own, or one of its fallbacks. A node without agents goes by its kind. */
export function askedCapability(board: Board, id: string): string {
  const node = nodeOf(board, id);
  if (node.kind !== 'task' && node.kind !== 'plan') return node.kind;
  const fallback = triesOf(board.get(id))?.fallback ?? 0;
  return fallback === 0 ? node.capability : (node.fallback[fallback - 1] as string);
}

/** The graph in which the subtask has needs and dependents; null in maps and loops, whose own rules order their parts. */
export function graphAround(board: Board, place: Place): Graph | null {
  if (place.in === 'definition') return board.type.graph;
  return place.in === 'plan' ? planGraph(board.get(place.parent)) : null;
}

const items = new WeakMap<MapNode, Node>();
const rounds = new WeakMap<LoopNode, { readonly generate: Node; readonly critique: Node }>();
const bare = { needs: [], join: { kind: 'all' as const }, optional: false };

function itemNode(map: MapNode): Node {
  const known = items.get(map);
  if (known !== undefined) return known;
  const node: Node = { ...bare, id: itemId, writes: map.writes, ...map.each };
  items.set(map, node);
  return node;
}

function roundNodes(loop: LoopNode): { readonly generate: Node; readonly critique: Node } {
  const known = rounds.get(loop);
  if (known !== undefined) return known;
  const part = (id: 'generate' | 'critique'): Node => ({ ...bare, id, kind: 'task', writes: loop.writes, ...loop[id] });
  const nodes = { generate: part('generate'), critique: part('critique') };
  rounds.set(loop, nodes);
  return nodes;
}

/** Place in the order in which context writes are laid over each other: that of the definition, then of the parts. */
export function writeOrder(board: Board, id: string): readonly number[] {
  const place = placeOf(id);
  if (place.in === 'map') return [...writeOrder(board, place.parent), place.index];
  if (place.in === 'loop') return [...writeOrder(board, place.parent), place.round, place.local === 'generate' ? 0 : 1];
  const order = (graphAround(board, place) as Graph).order.get(place.local) as readonly number[];
  return place.in === 'plan' ? [...writeOrder(board, place.parent), ...order] : order;
}

/** What the references of a subtask see; with null, those of the workflow's result. */
export function scopeOf(board: Board, id: string | null): Scope {
  return (root, path) => {
    switch (root) {
      case 'params':
        return valueAt(board.header.params, path);
      case 'context':
        return valueAt(board.view(), path);
      case 'conversation':
        return valueAt(board.header.conversation ?? {}, path);
      case 'steps':
        return stepValue(board, id, path);
      case 'previous_result':
        return id === null ? undefined : previousResult(board, id, path);
      case 'item':
      case 'index':
      case 'loop':
        return id === null ? undefined : valueAt(surroundings(board, id, root), path);
    }
  };
}

function stepValue(board: Board, id: string | null, [local, ...rest]: readonly string[]): Json | undefined {
  if (local === undefined) return undefined;
  return resultAt(board.get(id === null ? local : stepNamed(board, id, local)), rest);
}

/** Which subtask the references of another mean by that name: the nearest, outwards. */
export function stepNamed(board: Board, id: string, local: string): string {
  for (let place = placeOf(id); place.in !== 'definition'; place = placeOf(place.parent)) {
    const beside = siblingOf(place, local);
    if (place.in !== 'map' && findNode(board, beside) !== undefined) return beside;
  }
  return local;
}

/** Nothing for what did not complete; null, at any depth, for what was optional and failed. */
export function resultAt(subtask: Subtask | undefined, path: readonly string[] = []): Json | undefined {
  if (subtask?.status === 'completed') return valueAt(subtask.result, path);
  return subtask?.status === 'failed_permanent' && subtask.tolerated === true ? null : undefined;
}

function previousResult(board: Board, id: string, path: readonly string[]): Json | undefined {
  const need = previousNeed(board, id);
  return need === undefined ? undefined : resultAt(board.get(need), path);
}

/** The first of what it needs; for the parts of a map or loop, of what the whole needs. */
export function previousNeed(board: Board, id: string): string | undefined {
  const place = placeOf(id);
  if (place.in === 'map' || place.in === 'loop') return previousNeed(board, place.parent);
  const [need] = graphAround(board, place)?.needs.get(place.local) ?? [];
  return need === undefined ? undefined : siblingOf(place, need);
}

function surroundings(board: Board, id: string, root: 'item' | 'index' | 'loop'): Json | undefined {
  const place = placeOf(id);
  if (root === 'loop') return place.in === 'loop' ? loopValues(board, place.parent, place.round) : undefined;
  if (place.in !== 'map') return undefined;
  if (root === 'index') return place.index;
  const map = board.get(place.parent);
  return map?.status === 'running' && map.parts.kind === 'map' ? map.parts.items[place.index] : undefined;
}

function loopValues(board: Board, loop: string, round: number): JsonObject {
  const value = (number: number, part: 'generate' | 'critique') => (number < 1 ? undefined : resultAt(board.get(partOfRound(loop, number, part))));
  const all = { round, draft: value(round, 'generate'), previous: value(round - 1, 'generate'), feedback: value(round - 1, 'critique') };
  return Object.fromEntries(Object.entries(all).filter(([, item]) => item !== undefined)) as JsonObject;
}

/** The variables of an expression that belongs to the subtask: no results but those of its needs. */
export function variablesOf(board: Board, id: string): JsonObject {
  const place = placeOf(id);
  const needs = edges((graphAround(board, place) as Graph).needs, place.local);
  const steps = needs.flatMap((need) => {
    const value = resultAt(board.get(siblingOf(place, need)));
    return value === undefined ? [] : [[need, value] as const];
  });
  return { params: board.header.params, context: board.view(), conversation: board.header.conversation ?? {}, steps: Object.fromEntries(steps) };
}
