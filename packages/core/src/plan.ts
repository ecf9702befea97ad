/** Dynamic decomposition: an agent's result is a list of nodes, checked like a definition and spliced in. A bad plan goes back to the planner. */
import { z } from 'zod';
import { mayWrite } from './context.ts';
import { Node, type PlanNode } from './definition.ts';
import { definitionProblems } from './definition-problems.ts';
import { type Draft, put, statusOf } from './draft.ts';
import { graphAround, resultAt } from './frame.ts';
import type { Graph } from './graph.ts';
import { isJsonArray, isJsonObject, type Json, type Problem, pointer } from './json.ts';
import { limits } from './limits.ts';
import { planGraph } from './plan-graph.ts';
import { conclude, misfit, setback, sizeProblem } from './settle.ts';
import type { Execution } from './subtask.ts';
import { nestingOf, partOfPlan, placeOf } from './subtask-id.ts';

/** The planner has answered: `{ nodes: [...] }`, or the list itself. */
export function splice(draft: Draft, id: string, node: PlanNode, result: Json, execution: Execution | undefined): void {
  const list = isJsonObject(result) ? (result['nodes'] ?? null) : result;
  const planned = planOf(draft, id, node, list);
  if ('problems' in planned) {
    return setback(draft, id, misfit('INVALID_PLAN', 'The plan is not right:', planned.problems, result), execution);
  }
  const before = draft.get(id) as { readonly generation: number; readonly assignedAt: number };
  put(draft, id, {
    status: 'running',
    generation: before.generation,
    assignedAt: before.assignedAt,
    parts: { kind: 'plan', nodes: planned.nodes, ...(execution && { execution }) },
  });
  draft.deadlines.set(id, before.assignedAt + node.timeout_ms);
  beginPlan(draft, id);
}

/** Everything in it that waits for nothing begins; an empty plan is done. */
export function beginPlan(draft: Draft, id: string): void {
  const graph = planGraph(draft.get(id)) as Graph;
  if (graph.nodes.size === 0) return concludePlan(draft, id);
  for (const root of graph.roots) draft.todo.push({ kind: 'begin', id: partOfPlan(id, root) });
}

/** The results of the plan's last subtasks, by their ids in the plan. */
export function concludePlan(draft: Draft, id: string): void {
  if (statusOf(draft, id) !== 'running') return;
  const { leaves } = planGraph(draft.get(id)) as Graph;
  conclude(draft, id, Object.fromEntries(leaves.map((leaf) => [leaf, resultAt(draft.get(partOfPlan(id, leaf))) ?? null])));
}

function planOf(
  draft: Draft,
  id: string,
  { allow, nodes_max, writes }: PlanNode,
  list: Json,
): { readonly nodes: readonly Node[] } | { readonly problems: readonly Problem[] } {
  const tooLarge = sizeProblem(list);
  if (tooLarge !== null) return { problems: [tooLarge] };
  if (!isJsonArray(list)) return { problems: [{ path: '/nodes', code: 'invalid_type', message: 'must be a list of nodes' }] };
  if (list.length > nodes_max)
    return { problems: [{ path: '/nodes', code: 'too_big', message: `has ${list.length} nodes; ${nodes_max} is the limit of this plan` }] };
  if (nestingOf(id) >= limits.nestingMax)
    return { problems: [{ path: '/nodes', code: 'too_deep', message: `a plan may stand ${limits.nestingMax} deep in others` }] };
  const parsed = z.array(Node).safeParse(list);
  if (!parsed.success) {
    return { problems: parsed.error.issues.map(({ path, code, message }) => ({ path: pointer('nodes', ...(path as (string | number)[])), code, message })) };
  }
  const nodes = parsed.data;
  const problems = [
    ...definitionProblems({
      nodes: nodes.map((node, index) => ({ index, node })),
      ids: nodes.map((node) => node.id),
      around: namesAround(draft, id),
      input: draft.type.definition.input,
      result: undefined,
    }),
    ...nodes.flatMap((node, index) =>
      capabilitiesOf(node)
        .filter((name) => !isAllowed(allow, name))
        .map((name) => ({ path: pointer('nodes', index), code: 'forbidden_capability', message: `may not use "${name}"; allowed: ${allow.join(', ')}` })),
    ),
    ...nodes.flatMap((node, index) =>
      node.writes
        .filter((path) => !mayWrite(writes, path))
        .map((path) => ({
          path: pointer('nodes', index, 'writes'),
          code: 'forbidden_path',
          message: `may not write "${path}"; allowed: ${writes.join(', ') || 'nothing'}`,
        })),
    ),
  ];
  return problems.length > 0 ? { problems } : { nodes };
}

/** The steps beside the plan, and beside every plan that it stands in. */
function namesAround(draft: Draft, id: string): readonly string[] {
  const place = placeOf(id);
  const beside = [...(graphAround(draft, place) as Graph).nodes.keys()];
  return place.in === 'definition' ? beside : [...beside, ...namesAround(draft, place.parent)];
}

function isAllowed(allow: readonly string[], capability: string): boolean {
  return allow.some((pattern) => pattern === '*' || pattern === capability || (pattern.endsWith('.*') && capability.startsWith(pattern.slice(0, -1))));
}

/** Every capability that a node may come to ask, or may let its own plan ask; a workflow counts as `workflow:<type>`. */
export function capabilitiesOf(node: Node): readonly string[] {
  switch (node.kind) {
    case 'task':
      return [node.capability, ...node.fallback];
    case 'plan':
      return [node.capability, ...node.fallback, ...node.allow];
    case 'map':
      return node.each.kind === 'task' ? [node.each.capability, ...node.each.fallback] : [`workflow:${node.each.type}`];
    case 'loop':
      return [node.generate, node.critique].flatMap(({ capability, fallback }) => [capability, ...fallback]);
    case 'workflow':
      return [`workflow:${node.type}`];
    case 'approval':
    case 'signal':
    case 'sleep':
    case 'gather':
      return [];
  }
}
