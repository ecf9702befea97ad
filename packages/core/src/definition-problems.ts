/** What is wrong with a definition, or a plan, beyond its shape: ids, edges, schemas, the graph. All of it at once; each message names the mend. */
import type { Definition, Node } from './definition.ts';
import { buildGraph, graphDefects, needsOf } from './graph.ts';
import { type Json, type JsonObject, type Problem, pointer } from './json.ts';
import { nodeProblems, resultProblems } from './node-problems.ts';
import { schemaDefect } from './schema.ts';
import { didYouMean } from './suggestion.ts';

/** A definition as far as it could be read: nodes with their place in the document, and every id that was written down. */
export interface NodeList {
  readonly nodes: readonly { readonly index: number; readonly node: Node }[];
  readonly ids: readonly string[];
  /** Ids outside the list that references may name: a plan's surroundings. */
  readonly around?: readonly string[];
  readonly input: JsonObject | undefined;
  readonly result: Json | undefined;
}

export function listOf(definition: Definition): NodeList {
  return {
    nodes: definition.nodes.map((node, index) => ({ index, node })),
    ids: definition.nodes.map(({ id }) => id),
    input: definition.input,
    result: definition.result,
  };
}

export function definitionProblems(list: NodeList): readonly Problem[] {
  return [
    ...duplicateIds(list),
    ...edgeProblems(list),
    ...schemaDefects(list),
    ...list.nodes.flatMap(({ index, node }) => nodeProblems(list, index, node)),
    ...resultProblems(list),
    ...graphProblems(list),
  ];
}

function duplicateIds({ nodes }: NodeList): readonly Problem[] {
  const seen = new Map<string, number>();
  return nodes.flatMap(({ index, node }) => {
    const first = seen.get(node.id);
    if (first === undefined) seen.set(node.id, index);
    return first === undefined
      ? []
      : [{ path: pointer('nodes', index, 'id'), code: 'duplicate_id', message: `The id "${node.id}" is taken by /nodes/${first}; give this node another.` }];
  });
}

function edgeProblems({ nodes, ids }: NodeList): readonly Problem[] {
  const known = new Set(ids);
  return nodes.flatMap(({ index, node }) =>
    [...node.needs.entries()]
      .filter(([, need]) => !known.has(need))
      .map(([position, need]) => ({
        path: pointer('nodes', index, 'needs', position),
        code: 'unknown_id',
        message: `"${node.id}" needs "${need}", but there is no such node${didYouMean(need, [...known])}.`,
      })),
  );
}

function schemaDefects({ nodes, input }: NodeList): readonly Problem[] {
  const schemas: readonly (readonly [string, JsonObject | undefined])[] = [
    ['/input', input],
    ...nodes.flatMap(({ index, node }) => [
      [pointer('nodes', index, 'output'), node.output] as const,
      ...(node.kind === 'map' ? [[pointer('nodes', index, 'each', 'output'), node.each.output] as const] : []),
      ...(node.kind === 'loop' ? (['generate', 'critique'] as const).map((part) => [pointer('nodes', index, part, 'output'), node[part].output] as const) : []),
    ]),
  ];
  // Many nodes of one capability have one schema; looking at one costs as much as compiling it.
  const defects = new Map<string, string | null>();
  const defectOf = (schema: JsonObject): string | null => {
    const text = JSON.stringify(schema);
    const known = defects.get(text);
    const defect = known === undefined ? schemaDefect(schema) : known;
    defects.set(text, defect);
    return defect;
  };
  return schemas.flatMap(([path, schema]) => {
    const defect = schema === undefined ? null : defectOf(schema);
    return defect === null ? [] : [{ path, code: 'bad_schema', message: `This is no usable JSON Schema (draft 2020-12): ${defect}.` }];
  });
}

function graphProblems({ nodes }: NodeList): readonly Problem[] {
  const graph = buildGraph(nodes.map(({ node }) => node));
  const indexes = new Map(nodes.map(({ index, node }) => [node.id, index]));
  const { cycles, unreachable } = graphDefects(graph);
  return [
    ...cycles.map((cycle) => ({
      path: pointer('nodes', indexes.get(cycle[0] as string) as number),
      code: 'cycle',
      message: `${cycle.join(' → ')}: each waits for the one before, so none can start; take one of the needs out.`,
    })),
    ...unreachable.map((id) => ({
      path: pointer('nodes', indexes.get(id) as number),
      code: 'unreachable',
      message: `"${id}" waits for ${needsOf(graph.nodes.get(id) as Node).join(', ')} and with it for a cycle: it can never start.`,
    })),
  ];
}
