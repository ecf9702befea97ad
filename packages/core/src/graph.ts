/** The directed graph of a definition: who waits for whom. Edges come from `needs` and from references alike. */
import type { TaskNode } from './definition.ts';
import { referencesIn } from './reference.ts';

export interface Graph {
  readonly nodes: ReadonlyMap<string, TaskNode>;
  /** What a subtask waits for, each once. */
  readonly needs: ReadonlyMap<string, readonly string[]>;
  /** What waits for a subtask. */
  readonly dependents: ReadonlyMap<string, readonly string[]>;
  readonly roots: readonly string[];
  readonly leaves: readonly string[];
}

/** Edges to ids that do not exist are left out: that they are there at all is a problem of the definition. */
export function buildGraph(taskNodes: readonly TaskNode[]): Graph {
  const nodes = new Map(taskNodes.map((node) => [node.id, node]));
  const needs = new Map([...nodes.values()].map((node) => [node.id, needsOf(node).filter((id) => nodes.has(id))]));
  const dependents = new Map<string, string[]>([...nodes.keys()].map((id) => [id, []]));
  for (const [id, needed] of needs) {
    for (const need of needed) (dependents.get(need) as string[]).push(id);
  }
  const ids = [...nodes.keys()];
  return {
    nodes,
    needs,
    dependents,
    roots: ids.filter((id) => edges(needs, id).length === 0),
    leaves: ids.filter((id) => edges(dependents, id).length === 0),
  };
}

/** The ids that a node names, in `needs` or by a reference, each once. */
export function needsOf(node: TaskNode): readonly string[] {
  const referred = [...referencesIn(node.params)].flatMap(({ reference }) => (reference?.root === 'steps' ? reference.path.slice(0, 1) : []));
  return [...new Set([...node.needs, ...referred])];
}

export interface GraphDefects {
  /** Each a closed walk, first id repeated at the end; in the direction of the work. */
  readonly cycles: readonly (readonly string[])[];
  /** On no reported cycle, but behind one: they could never start. */
  readonly unreachable: readonly string[];
}

/** Iterative throughout: a chain of 10,000 subtasks must not meet the end of the stack. */
export function graphDefects(graph: Graph): GraphDefects {
  const stuck = unsortable(graph.nodes.keys(), graph.needs, graph.dependents);
  const core = unsortable(stuck, graph.dependents, graph.needs);
  const cycles = closedWalks(core, graph.needs);
  const onCycle = new Set(cycles.flat());
  return { cycles, unreachable: [...stuck].filter((id) => !onCycle.has(id)) };
}

/** Kahn's algorithm: what is left when everything whose `before` is done has been taken out. */
function unsortable(ids: Iterable<string>, before: ReadonlyMap<string, readonly string[]>, after: ReadonlyMap<string, readonly string[]>): Set<string> {
  const left = new Set(ids);
  const open = new Map([...left].map((id) => [id, edges(before, id).filter((other) => left.has(other)).length]));
  const free = [...left].filter((id) => open.get(id) === 0);
  for (let id = free.pop(); id !== undefined; id = free.pop()) {
    left.delete(id);
    for (const other of edges(after, id)) {
      const count = (open.get(other) as number) - 1;
      open.set(other, count);
      if (count === 0) free.push(other);
    }
  }
  return left;
}

/** Walks backwards along `needs` inside the core, where every node has one, until a node comes again. */
function closedWalks(core: ReadonlySet<string>, needs: ReadonlyMap<string, readonly string[]>): string[][] {
  const visited = new Set<string>();
  const walks: string[][] = [];
  for (const start of core) {
    const walk: string[] = [];
    let id = start;
    while (!visited.has(id)) {
      visited.add(id);
      walk.push(id);
      id = edges(needs, id).find((need) => core.has(need)) as string;
    }
    const from = walk.indexOf(id);
    if (from >= 0) walks.push([...walk.slice(from), id].toReversed());
  }
  return walks;
}

/** Every node of a graph has an entry, if an empty one. */
export function edges(of: ReadonlyMap<string, readonly string[]>, id: string): readonly string[] {
  return of.get(id) as readonly string[];
}
