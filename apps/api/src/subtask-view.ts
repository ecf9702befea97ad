/** The subtasks on the wire, in the order of the definition, each composite followed by its parts. What stands how is in `record-view.ts`. */
import {
  askedCapability,
  type Board,
  boardOf,
  childIdOf,
  findNode,
  hasEnded,
  itemOf,
  type JobFacts,
  type Node,
  needsOf,
  partOfPlan,
  partOfRound,
  placeOf,
  siblingOf,
  type Workflow,
} from '@baton/core';
import type { SubtaskView } from '@baton/protocol';
import { recordView } from './record-view.ts';

export interface LiveFacts {
  /** Of the subtasks that are assigned, by id. */
  readonly facts: ReadonlyMap<string, JobFacts>;
  /** ms since the epoch. */
  readonly now: number;
  /** Whether to show the parts of composites, or only to count them. */
  readonly hasParts: boolean;
}

export function subtaskViews(workflow: Workflow, live: LiveFacts): SubtaskView[] {
  const board = boardOf(workflow);
  return [...workflow.type.graph.nodes.keys()].flatMap((id) => withParts(workflow, board, id, live));
}

function withParts(workflow: Workflow, board: Board, id: string, live: LiveFacts): SubtaskView[] {
  const node = findNode(board, id);
  if (node === undefined) return [];
  const parts = partIdsOf(board, id);
  const facts = hasEnded(workflow.state) ? undefined : live.facts.get(id);
  const view = { ...identity(workflow, board, id, node), ...recordView(workflow.subtasks.get(id), facts, live.now), ...countView(board, parts) };
  return live.hasParts ? [view, ...parts.flatMap((part) => withParts(workflow, board, part, live))] : [view];
}

function identity(workflow: Workflow, board: Board, id: string, node: Node) {
  const place = placeOf(id);
  const hasAgent = node.kind === 'task' || node.kind === 'plan';
  return {
    subtask_id: id,
    ...(node.kind !== 'task' && { kind: node.kind }),
    ...(place.in !== 'definition' && { part_of: place.parent }),
    capability: hasAgent ? askedCapability(board, id) : null,
    needs: needsIn(workflow, id, node),
    ...(node.kind === 'workflow' && childView(workflow, id)),
  };
}

function needsIn(workflow: Workflow, id: string, node: Node): string[] {
  const place = placeOf(id);
  switch (place.in) {
    case 'definition':
      return [...(workflow.type.graph.needs.get(id) ?? [])];
    case 'map':
      return [];
    case 'loop':
      return place.local === 'critique' ? [partOfRound(place.parent, place.round, 'generate')] : [];
    case 'plan':
      return needsOf(node).map((local) => siblingOf(place, local));
  }
}

/** The workflow that is, or was, the work of the step; one that never started has none. */
function childView({ header, subtasks }: Workflow, id: string): Pick<SubtaskView, 'child_workflow_id'> {
  const subtask = subtasks.get(id);
  const hasStarted = subtask !== undefined && 'assignedAt' in subtask && subtask.assignedAt !== null;
  return hasStarted ? { child_workflow_id: childIdOf(header.id, id, subtask.generation) } : {};
}

/** What a map, a loop or a plan consists of, as far as it is known, in order. */
function partIdsOf(board: Board, id: string): readonly string[] {
  const subtask = board.get(id);
  const parts = subtask !== undefined && 'parts' in subtask ? subtask.parts : undefined;
  switch (parts?.kind) {
    case undefined:
      return [];
    case 'map':
      return parts.items.map((_, index) => itemOf(id, index));
    case 'loop':
      return Array.from({ length: parts.round }, (_, index) => [partOfRound(id, index + 1, 'generate'), partOfRound(id, index + 1, 'critique')]).flat();
    case 'plan':
      return parts.nodes.map((node) => partOfPlan(id, node.id));
  }
}

function countView(board: Board, parts: readonly string[]): Pick<SubtaskView, 'parts'> {
  if (parts.length === 0) return {};
  const counts: NonNullable<SubtaskView['parts']> = {};
  for (const part of parts) {
    const status = board.get(part)?.status ?? 'pending';
    counts[status] = (counts[status] ?? 0) + 1;
  }
  return { parts: counts };
}
