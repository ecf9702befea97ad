/** The directed graph of nodes: who waits for whom. Edges come from `needs`, from references and from expressions alike. */
import type { Node } from './definition.ts';
import { stepsNamedIn } from './expression.ts';
import type { Json } from './json.ts';
import { referencesIn } from './reference.ts';

export interface Graph {
  readonly nodes: ReadonlyMap<string, Node>;
  /** What a subtask waits for, each once. */
  readonly needs: ReadonlyMap<string, readonly string[]>;
  /** What waits for a subtask. */
  readonly dependents: ReadonlyMap<string, readonly string[]>;
  readonly roots: readonly string[];
  readonly leaves: readonly string[];
  /** The place of a node in the fixed order: how deep it stands, then its position in the document. What needs another always comes after it. */
  readonly order: ReadonlyMap<string, readonly [depth: number, position: number]>;
}

/** Edges to ids that do not exist are left out: that they are there at all is a problem of the definition. */
export function buildGraph(list: readonly Node[]): Graph {
  const nodes = new Map(list.map((node) => [node.id, node]));
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
    order: orderOf(ids, needs, dependents),
  };
}

/** The ids that a node names, each once. */
export function needsOf(node: Node): readonly string[] {
  const referred = valuesOf(node)
    .flatMap(({ value }) => [...referencesIn(value)])
    .flatMap(({ reference }) => (reference?.root === 'steps' ? reference.path.slice(0, 1) : []));
  return [...new Set([...node.needs, ...referred, ...stepsNamedIn(node.when ?? '')])];
}

/** Everything in a node that may hold references, with where it stands in the node. */
export function valuesOf(node: Node): readonly { readonly at: readonly string[]; readonly value: Json }[] {
  switch (node.kind) {
    case 'task':
    case 'plan':
    case 'workflow':
    case 'approval':
      return [{ at: ['params'], value: node.params }];
    case 'map':
      return [
        { at: ['over'], value: node.over },
        { at: ['each', 'params'], value: node.each.params },
      ];
    case 'loop':
      return [
        { at: ['generate', 'params'], value: node.generate.params },
        { at: ['critique', 'params'], value: node.critique.params },
      ];
    case 'sleep':
      return [
        { at: ['for_ms'], value: node.for_ms ?? null },
        { at: ['until'], value: node.until ?? null },
      ];
    case 'signal':
    case 'gather':
      return [];
  }
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

type Edges = ReadonlyMap<string, readonly string[]>;

/** Kahn's algorithm: what is left when everything whose `before` is done has been taken out. */
function unsortable(ids: Iterable<string>, before: Edges, after: Edges, onFree: (id: string) => void = () => {}): Set<string> {
  const left = new Set(ids);
  const open = new Map([...left].map((id) => [id, edges(before, id).filter((other) => left.has(other)).length]));
  const free = [...left].filter((id) => open.get(id) === 0);
  for (let id = free.pop(); id !== undefined; id = free.pop()) {
    left.delete(id);
    onFree(id);
    for (const other of edges(after, id)) {
      const count = (open.get(other) as number) - 1;
      open.set(other, count);
      if (count === 0) free.push(other);
    }
  }
  return left;
}

function orderOf(ids: readonly string[], needs: Edges, dependents: Edges): Graph['order'] {
  const depths = new Map<string, number>();
  unsortable(ids, needs, dependents, (id) => depths.set(id, 1 + edges(needs, id).reduce((deepest, need) => Math.max(deepest, depths.get(need) as number), -1)));
  return new Map(ids.map((id, position) => [id, [depths.get(id) ?? 0, position]]));
}

/** Walks backwards along `needs` inside the core, where every node has one, until a node comes again. */
function closedWalks(core: ReadonlySet<string>, needs: Edges): string[][] {
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
export function edges(of: Edges, id: string): readonly string[] {
  return of.get(id) as readonly string[];
}
