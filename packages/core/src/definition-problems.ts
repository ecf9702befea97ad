/** What is wrong with a definition beyond its shape: ids, edges, references, schemas. All of it at once; each message names the mend. */
import type { Definition, TaskNode } from './definition.ts';
import { buildGraph, graphDefects, needsOf } from './graph.ts';
import type { Json, JsonObject, Problem } from './json.ts';
import { pointer } from './json.ts';
import { type Reference, referencesIn } from './reference.ts';
import { schemaDefect } from './schema.ts';
import { absentName } from './schema-path.ts';
import { didYouMean } from './suggestion.ts';

/** A definition as far as it could be read: nodes with their place in the document, and every id that was written down. */
export interface Draft {
  readonly nodes: readonly { readonly index: number; readonly node: TaskNode }[];
  readonly ids: readonly string[];
  readonly input: JsonObject | undefined;
  readonly result: Json | undefined;
}

export function draftOf(definition: Definition): Draft {
  return {
    nodes: definition.nodes.map((node, index) => ({ index, node })),
    ids: definition.nodes.map(({ id }) => id),
    input: definition.input,
    result: definition.result,
  };
}

export function definitionProblems(draft: Draft): readonly Problem[] {
  return [...duplicateIds(draft), ...edgeProblems(draft), ...schemaProblemsOf(draft), ...referenceProblems(draft), ...graphProblems(draft)];
}

function duplicateIds({ nodes }: Draft): readonly Problem[] {
  const seen = new Map<string, number>();
  return nodes.flatMap(({ index, node }) => {
    const first = seen.get(node.id);
    if (first === undefined) seen.set(node.id, index);
    return first === undefined
      ? []
      : [{ path: pointer('nodes', index, 'id'), code: 'duplicate_id', message: `The id "${node.id}" is taken by /nodes/${first}; give this node another.` }];
  });
}

function edgeProblems({ nodes, ids }: Draft): readonly Problem[] {
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

function schemaProblemsOf({ nodes, input }: Draft): readonly Problem[] {
  const schemas: readonly (readonly [string, JsonObject | undefined])[] = [
    ['/input', input],
    ...nodes.map(({ index, node }) => [pointer('nodes', index, 'output'), node.output] as const),
  ];
  return schemas.flatMap(([path, schema]) => {
    const defect = schema === undefined ? null : schemaDefect(schema);
    return defect === null ? [] : [{ path, code: 'bad_schema', message: `This is no usable JSON Schema (draft 2020-12): ${defect}.` }];
  });
}

function referenceProblems(draft: Draft): readonly Problem[] {
  const outputs = new Map(draft.nodes.map(({ node }) => [node.id, node.output]));
  const places = [
    ...draft.nodes.map(({ index, node }) => ({ base: ['nodes', index, 'params'] as const, value: node.params as Json, owner: node.id })),
    ...(draft.result === undefined ? [] : [{ base: ['result'] as const, value: draft.result, owner: null }]),
  ];
  return places.flatMap(({ base, value, owner }) =>
    [...referencesIn(value, base)].flatMap(({ at, text, reference }) => {
      const problem = reference === null ? malformed(text) : referenceProblem(reference, text, draft, outputs, owner);
      return problem === null ? [] : [{ path: pointer(...at), ...problem }];
    }),
  );
}

type Finding = Omit<Problem, 'path'> | null;

function malformed(text: string): Finding {
  return {
    code: 'bad_reference',
    message: `"${text}" is no reference; write $params.name, $steps.id.name or $context.name, or "$${text}" for the text itself.`,
  };
}

function referenceProblem(
  { root, path }: Reference,
  text: string,
  draft: Draft,
  outputs: ReadonlyMap<string, JsonObject | undefined>,
  owner: string | null,
): Finding {
  if (root === 'context') return null;
  if (root === 'params') return schemaFinding(draft.input, path, text, 'the input schema');
  const [id, ...rest] = path;
  if (id === undefined) return { code: 'bad_reference', message: `"${text}" names no node; write $steps.id.name.` };
  if (!draft.ids.includes(id))
    return { code: 'unknown_id', message: `"${text}" refers to "${id}", but there is no such node${didYouMean(id, [...new Set(draft.ids)])}.` };
  if (id === owner) return { code: 'bad_reference', message: `"${text}" refers to the node's own result.` };
  return schemaFinding(outputs.get(id), rest, text, `the output schema of "${id}"`);
}

function schemaFinding(schema: JsonObject | undefined, path: readonly string[], text: string, where: string): Finding {
  const absent = absentName(schema, path);
  return absent && { code: 'bad_reference', message: `"${text}" refers to a value that ${where} does not have${didYouMean(absent.name, absent.known)}.` };
}

function graphProblems({ nodes }: Draft): readonly Problem[] {
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
      message: `"${id}" waits for ${needsOf(graph.nodes.get(id) as TaskNode).join(', ')} and with it for a cycle: it can never start.`,
    })),
  ];
}
