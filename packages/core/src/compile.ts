/** From a JSON document to a workflow type: shape, then sense, then the graph. The one way in for definitions of every origin. */
import type { z } from 'zod';
import { Definition, Node } from './definition.ts';
import { definitionProblems, listOf, type NodeList } from './definition-problems.ts';
import { buildGraph } from './graph.ts';
import { isJsonArray, isJsonObject, type Json, type JsonObject, jsonHash, type Problem, pointer } from './json.ts';
import { limits } from './limits.ts';
import { referencesIn } from './reference.ts';
import { withDefaults } from './schema.ts';
import { currentSchema } from './schema-version.ts';
import type { WorkflowType } from './workflow-type.ts';

export type Compiled = { readonly ok: true; readonly type: WorkflowType } | { readonly ok: false; readonly problems: readonly Problem[] };

export interface CompileOptions {
  /** How long a deployment keeps ended workflows of a definition that does not say. */
  readonly retentionMs?: number | undefined;
  /** Up to which schema it takes definitions: that of this code, but in tests. */
  readonly version?: number | undefined;
}

/** @returns the type, or everything that is wrong with the document */
export function compileDefinition(document: unknown, { retentionMs, version: known = currentSchema.version }: CompileOptions = {}): Compiled {
  const size = JSON.stringify(document)?.length ?? 0;
  if (size > limits.definitionBytesMax) {
    return {
      ok: false,
      problems: [
        { path: '', code: 'too_large', message: `The definition has ${size} bytes; ${limits.definitionBytesMax} is the limit. Pass data in params or by URI.` },
      ],
    };
  }
  const needed = schemaOf(document);
  if (needed > known) {
    const message = `The definition needs schema ${needed} of Baton, and this process knows ${known}: ask a newer one, or leave out what is new.`;
    return { ok: false, problems: [{ path: '/schema', code: 'newer_schema', message }] };
  }
  const isSilent = retentionMs !== undefined && isJsonObject(document as Json);
  const parsed = Definition.safeParse(isSilent ? { retention_ms: retentionMs, ...(document as JsonObject) } : document);
  if (!parsed.success) return { ok: false, problems: [...shapeProblems(parsed.error), ...definitionProblems(readable(document as Json))] };
  const problems = definitionProblems(listOf(parsed.data));
  return problems.length > 0 ? { ok: false, problems } : { ok: true, type: workflowType(parsed.data) };
}

/** The version that a definition needs, whatever else is in it. */
export function schemaOf(document: unknown): number {
  const { schema } = (document ?? {}) as { readonly schema?: unknown };
  return Number.isSafeInteger(schema) ? (schema as number) : 1;
}

/** The type of a definition that is known to be right: one that was compiled before, coming back from the store. */
export function workflowType(definition: Definition): WorkflowType {
  return {
    name: definition.name,
    version: definition.version,
    hash: jsonHash(definition as unknown as Json),
    definition,
    graph: buildGraph(definition.nodes),
    inResult: stepsReferredTo(definition.result ?? null),
  };
}

function stepsReferredTo(value: Json): ReadonlySet<string> {
  return new Set([...referencesIn(value)].flatMap(({ reference }) => (reference?.root === 'steps' ? reference.path.slice(0, 1) : [])));
}

/** The params with the input schema's defaults, or everything that is wrong with them. */
export function acceptParams(
  type: WorkflowType,
  params: Json,
  bytesMax: number = limits.payloadBytesMax,
): { readonly ok: true; readonly params: JsonObject } | { readonly ok: false; readonly problems: readonly Problem[] } {
  if (!isJsonObject(params))
    return { ok: false, problems: [{ path: '', code: 'type', message: 'The params must be an object, like {"source": "sales.csv"}.' }] };
  const size = Buffer.byteLength(JSON.stringify(params));
  if (size > bytesMax) {
    return {
      ok: false,
      problems: [{ path: '', code: 'too_large', message: `The params have ${size} bytes; ${bytesMax} is the limit. Pass data by URI.` }],
    };
  }
  if (type.definition.input === undefined) return { ok: true, params };
  const filled = withDefaults(type.definition.input, params);
  return filled.ok ? { ok: true, params: filled.value as JsonObject } : filled;
}

function shapeProblems(error: z.ZodError): readonly Problem[] {
  return error.issues.map(({ path, code, message }) => ({ path: pointer(...(path as (string | number)[])), code, message }));
}

/** What can be read of a document whose shape is wrong, so that one mistake does not hide the others. */
function readable(document: Json): NodeList {
  const fields = document !== null && isJsonObject(document) ? document : {};
  const nodes = fields['nodes'] !== undefined && isJsonArray(fields['nodes']) ? fields['nodes'] : [];
  const parsed = nodes.map((node, index) => ({ index, result: Node.safeParse(node) }));
  return {
    nodes: parsed.flatMap(({ index, result }) => (result.success ? [{ index, node: result.data }] : [])),
    ids: nodes.flatMap((node) => (isJsonObject(node) && typeof node['id'] === 'string' ? [node['id']] : [])),
    input: fields['input'] !== undefined && isJsonObject(fields['input']) ? fields['input'] : undefined,
    result: fields['result'],
  };
}
