/** The graph of what a plan brought, compiled once per list of nodes. */

import type { Node } from './definition.ts';
import { buildGraph, type Graph } from './graph.ts';
import type { Subtask } from './subtask.ts';

const compiled = new WeakMap<readonly Node[], Graph>();

/** @returns null if the subtask is no plan that has been spliced in */
export function planGraph(subtask: Subtask | undefined): Graph | null {
  const parts = subtask !== undefined && 'parts' in subtask ? subtask.parts : undefined;
  if (parts?.kind !== 'plan') return null;
  const known = compiled.get(parts.nodes);
  if (known !== undefined) return known;
  const graph = buildGraph(parts.nodes);
  compiled.set(parts.nodes, graph);
  return graph;
}
