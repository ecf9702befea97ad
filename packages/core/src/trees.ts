/**
 * Which dispatches of a decision grow into trees, so that the queue runs what waits for them with no engine in between (DESIGN: "when the queue
 * runs the graph"). From each dispatch upwards: a subtask joins if everything that it waits for has settled or is in the tree already, and if it
 * makes no difference whether the engine looks in between. Nothing of it begins in the record: what joins is marked, see `mark.ts`.
 * **Invariant:** the cost goes with what is dispatched: a join of 1,000 needs costs each of them one step, and so does a need of 1,000.
 */

import { assignmentOf } from './assign.ts';
import type { Binding, Tree } from './assignment.ts';
import type { Node, TaskNode } from './definition.ts';
import { type Draft, put } from './draft.ts';
import { graphAround, nodeOf, previousNeed, scopeOf, stepNamed } from './frame.ts';
import { edges, type Graph } from './graph.ts';
import type { JsonObject } from './json.ts';
import { limits } from './limits.ts';
import { treeGeneration } from './mark.ts';
import { type Reference, referencesIn, resolveReferences } from './reference.ts';
import { isSettled } from './subtask.ts';
import { placeOf, siblingOf } from './subtask-id.ts';
import { settledIn } from './tally.ts';

/** May agents of the one capability read what those of the other have replied, and do they know how? */
export type SameTree = (capability: string, other: string) => boolean;

/** A tree so far, with how many subtasks are in it, and how many bytes of parameters beside those of the subtasks that it grew from. */
interface Growth {
  readonly tree: Tree;
  readonly nodes: number;
  readonly bytes: number;
}

/** Lays the dispatches of the draft together, as far as that goes. Comes last: what is dispatched here is withdrawn by nothing any more. */
export function growTrees(draft: Draft, sameTree: SameTree): void {
  const growths = [...draft.effects.values()].flatMap((effect): Growth[] => (effect.kind === 'dispatch' ? [{ tree: effect, nodes: 1, bytes: 0 }] : []));
  const below = new Map<string, Growth[]>();
  for (const growth of growths) {
    const above = onlyDependent(draft, growth.tree);
    if (above === null) continue;
    const inputs = below.get(above) ?? [];
    below.set(above, inputs);
    inputs.push(growth);
    const grown = grow(draft, above, inputs, sameTree);
    if (grown === null) continue;
    for (const { tree } of inputs) draft.effects.delete(tree.assignment.subtaskId);
    draft.effects.set(above, { kind: 'dispatch', ...grown.tree });
    put(draft, above, { status: 'pending', generation: treeGeneration, behind: behind(inputs) });
    growths.push(grown);
  }
}

/** What comes after the tree, if that is one subtask and the engine need not see first what the tree came to. */
function onlyDependent(draft: Draft, { assignment: { subtaskId, generation } }: Tree): string | null {
  const place = placeOf(subtaskId);
  const graph = graphAround(draft, place);
  const [dependent, ...others] = graph === null ? [] : edges(graph.dependents, place.local);
  if (dependent === undefined || others.length > 0 || generation !== treeGeneration) return null;
  const node = nodeOf(draft, subtaskId);
  return node.kind === 'task' && !node.optional && node.rules.length === 0 ? siblingOf(place, dependent) : null;
}

/** @param inputs those trees whose roots it waits for, as far as they are known. @returns null if it does not join them, or not yet */
function grow(draft: Draft, id: string, inputs: readonly Growth[], sameTree: SameTree): Growth | null {
  const place = placeOf(id);
  const graph = graphAround(draft, place) as Graph;
  const tally = draft.tally(id);
  if (inputs.length + settledIn(tally) < edges(graph.needs, place.local).length) return null;
  const node = nodeOf(draft, id);
  const nodes = inputs.reduce((sum, input) => sum + input.nodes, 1);
  const isWhole = tally.failed + tally.cancelled + tally.skipped === 0;
  if (!isWhole || !canJoin(node) || draft.get(id) !== undefined || nodes > limits.treeNodesMax) return null;
  if (!inputs.every(({ tree }) => sameTree(tree.assignment.capability, node.capability))) return null;
  const ids = inputs.map(({ tree }) => tree.assignment.subtaskId);
  const asked = boundParameters(draft, id, node, new Set(ids));
  if (asked === null) return null;
  const own = Buffer.byteLength(JSON.stringify(asked.parameters));
  const bytes = inputs.reduce((sum, input) => sum + input.bytes, own);
  if (bytes > limits.treeBytesMax) return null;
  const assignment = assignmentOf(draft, id, node, {
    generation: treeGeneration,
    capability: node.capability,
    parameters: asked.parameters,
    parametersBytes: own,
    leftMs: node.timeout_ms,
  });
  const tree = {
    assignment: { ...assignment, inputs: ids, ...(asked.bindings.length > 0 && { bindings: asked.bindings }) },
    inputs: inputs.map((input) => input.tree),
  };
  return { tree, nodes, bytes };
}

function canJoin(node: Node): node is TaskNode {
  return node.kind === 'task' && node.when === undefined && node.join.kind === 'all';
}

function behind(inputs: readonly Growth[]): { readonly [need: string]: number } {
  return Object.fromEntries(inputs.map(({ tree: { assignment } }) => [assignment.subtaskId, assignment.generation]));
}

/** With everything filled in that is known, and the places of what the inputs will bring. @returns null if something else may still change it */
function boundParameters(
  draft: Draft,
  id: string,
  { params }: TaskNode,
  inputs: ReadonlySet<string>,
): { readonly parameters: JsonObject; readonly bindings: readonly Binding[] } | null {
  const source = ({ root, path }: Pick<Reference, 'root' | 'path'>): string | undefined => {
    if (root === 'previous_result') return previousNeed(draft, id);
    return root === 'steps' ? stepNamed(draft, id, path[0] as string) : undefined;
  };
  const isInput = (reference: Pick<Reference, 'root' | 'path'>): boolean => inputs.has(source(reference) ?? '');
  const references = [...referencesIn(params)].map(({ at, reference }) => ({ at, reference: reference as Reference }));
  const isOpen = references.some(({ reference }) => {
    const step = source(reference);
    return reference.root === 'context' || (step !== undefined && !inputs.has(step) && !isSettled(draft.get(step)));
  });
  if (isOpen) return null;
  const scope = scopeOf(draft, id);
  const resolved = resolveReferences(params, (root, path) => (isInput({ root, path }) ? null : scope(root, path)));
  if (!resolved.ok) return null;
  const bindings = references.flatMap(({ at, reference }): Binding[] => {
    if (!isInput(reference)) return [];
    const path = reference.root === 'steps' ? reference.path.slice(1) : reference.path;
    return [{ at: at.map(String), input: source(reference) as string, path, optional: reference.optional }];
  });
  return { parameters: resolved.value as JsonObject, bindings };
}
