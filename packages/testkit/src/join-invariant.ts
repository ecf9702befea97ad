/** Nothing begins before its join is decided. Said a second time, in other words than core's, from the bare states of what is needed. */
import {
  askedCapability,
  type Board,
  boardOf,
  buildGraph,
  type Decision,
  type Graph,
  type Join,
  placeOf,
  type Subtask,
  siblingOf,
  type Workflow,
} from '@baton/core';

export function joinViolation(workflow: Workflow, { patch }: Decision): string | null {
  const after = new Map([...workflow.subtasks, ...patch.subtasks]);
  const board: Board = { ...boardOf(workflow), get: (id) => after.get(id) };
  for (const [id, subtask] of patch.subtasks) {
    const before = workflow.subtasks.get(id);
    const isNew = before === undefined || before.status === 'pending' || before.generation !== subtask.generation;
    if (!isNew || !hasBegun(subtask)) continue;
    const wanted = joinOf(board, id);
    if (wanted === null) continue;
    const { join, needs } = wanted;
    if (!isDecided(board, join, needs)) return `${id} is ${subtask.status} before its join "${join.kind}" of ${needs.join(', ')} was decided`;
  }
  return null;
}

/** What the subtask waits for; null where it has no place in a graph. */
export function joinOf(board: Board, id: string): { readonly join: Join; readonly needs: readonly string[] } | null {
  const place = placeOf(id);
  const graph = place.in === 'definition' ? board.type.graph : place.in === 'plan' ? graphOf(board.get(place.parent)) : null;
  const node = graph?.nodes.get(place.local);
  if (graph === null || node === undefined) return null;
  return { join: node.join, needs: (graph.needs.get(place.local) ?? []).map((need) => siblingOf(place, need)) };
}

function hasBegun({ status }: Subtask): boolean {
  return status === 'assigned' || status === 'running' || status === 'waiting' || status === 'completed' || status === 'skipped';
}

function graphOf(plan: Subtask | undefined): Graph | null {
  const parts = plan !== undefined && 'parts' in plan ? plan.parts : undefined;
  return parts?.kind === 'plan' ? buildGraph(parts.nodes) : null;
}

function isDecided(board: Board, join: Join, needs: readonly string[]): boolean {
  const states = needs.map((id) => board.get(id));
  const good = needs.filter((id) => board.get(id)?.status === 'completed');
  const isSafe = (state: Subtask | undefined) =>
    state?.status === 'completed' || state?.status === 'skipped' || (state?.status === 'failed_permanent' && state.tolerated === true);
  switch (join.kind) {
    case 'all':
      return states.every(isSafe);
    case 'settled':
      return (
        states.every((state) => isSafe(state) || state?.status === 'failed_permanent' || state?.status === 'cancelled') &&
        (needs.length === 0 || states.some(isSafe))
      );
    case 'any':
      return good.length >= 1;
    case 'first':
      return good.length >= join.k;
    case 'quorum':
      return new Set(good.map((id) => voterOf(board, id))).size >= join.k;
  }
}

function voterOf(board: Board, id: string): string {
  const subtask = board.get(id);
  const agent = subtask?.status === 'completed' ? subtask.execution?.agent : undefined;
  return agent === undefined ? id : `${askedCapability(board, id)} by ${agent}`;
}
