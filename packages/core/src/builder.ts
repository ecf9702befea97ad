/**
 * The typed way to write a definition. References are typed proxies that record a path and become `"$steps.fetch.uri"`: a field that the
 * schema does not have does not compile. What comes out is the same JSON document that anybody may write by hand (DESIGN: definitions are data).
 */
import { z } from 'zod';
import type { DefinitionInput } from './definition.ts';
import type { Json, JsonObject } from './json.ts';
import { escapeText, formatReference, type ReferenceRoot } from './reference.ts';
import { isOptionalPath } from './schema-path.ts';

/** What a subtask needs and some agent can do: a name with the schema of what goes in and what comes out. */
export interface Capability<Input extends z.ZodType = z.ZodType, Output extends z.ZodType = z.ZodType> {
  readonly name: string;
  readonly input: Input;
  readonly output: Output;
}

/**
 * Declares a capability, shared by the definitions that use it and the agent that serves it.
 *
 * @example const dataFetch = defineCapability({ name: 'data.fetch', input: z.object({ source: z.string() }), output: z.object({ uri: z.string() }) });
 */
export function defineCapability<Input extends z.ZodType, Output extends z.ZodType>(capability: Capability<Input, Output>): Capability<Input, Output> {
  return capability;
}

declare const referred: unique symbol;
const recorded = Symbol('reference');

/** Stands for a value of type T that is known only when the workflow runs. */
export type Ref<T> = { readonly [referred]: T } & (NonNullable<T> extends readonly (infer Item)[]
  ? { readonly [index: number]: Ref<Item> }
  : NonNullable<T> extends object
    ? { readonly [Key in keyof NonNullable<T>]-?: Ref<NonNullable<T>[Key]> }
    : unknown);

/** A value of type T in which any part may be a reference. */
export type Given<T> =
  | Ref<T>
  | (T extends readonly (infer Item)[] ? readonly Given<Item>[] : T extends object ? { readonly [Key in keyof T]: Given<T[Key]> } : T);

/** What references may refer to: the workflow's params, and the results of the steps before. */
export interface References<Input, Steps> {
  readonly input: Ref<Input>;
  readonly steps: { readonly [Id in keyof Steps]: Ref<Steps[Id]> };
}

export interface StepOptions {
  /** Steps to wait for beside those that `params` refers to. */
  readonly needs?: readonly string[];
  readonly retry?: { readonly attempts?: number; readonly backoffMs?: number; readonly backoffMsMax?: number; readonly jitter?: number };
  readonly attemptTimeoutMs?: number;
  readonly timeoutMs?: number;
  readonly ttlMs?: number;
}

/** A definition under construction; `definition` is the document as it stands. Immutable: each call returns the next one. */
export interface WorkflowBuilder<Input, Steps> {
  readonly definition: DefinitionInput;
  step<Id extends string, StepInput extends z.ZodType, StepOutput extends z.ZodType>(
    id: Id extends keyof Steps ? never : Id,
    options: StepOptions & {
      readonly capability: Capability<StepInput, StepOutput>;
      readonly needs?: readonly (keyof Steps & string)[];
      readonly params: (references: References<Input, Steps>) => Given<z.input<StepInput>>;
    },
  ): WorkflowBuilder<Input, Steps & Record<Id, z.output<StepOutput>>>;
  result(result: (references: References<Input, Steps>) => unknown): WorkflowBuilder<Input, Steps>;
}

/**
 * Begins a definition.
 *
 * @example
 * defineWorkflow({ name: 'report', version: 1, input: z.object({ source: z.string() }) })
 *   .step('fetch', { capability: dataFetch, params: ({ input }) => ({ source: input.source }) })
 *   .result(({ steps }) => ({ uri: steps.fetch.uri }));
 */
export function defineWorkflow<Input extends z.ZodType>(options: {
  readonly name: string;
  readonly version: number;
  readonly input: Input;
  readonly description?: string;
  readonly timeoutMs?: number;
  readonly retentionMs?: number;
}): WorkflowBuilder<z.output<Input>, object> {
  const { name, version, input, description, timeoutMs, retentionMs } = options;
  return builder({
    name,
    version,
    ...defined({ description, timeout_ms: timeoutMs, retention_ms: retentionMs }),
    input: jsonSchema(input, 'input'),
    nodes: [],
  });
}

function builder<Input, Steps>(definition: DefinitionInput): WorkflowBuilder<Input, Steps> {
  const references = (): References<Input, Steps> => ({
    input: reference('params', [], definition.input) as Ref<Input>,
    steps: Object.fromEntries(definition.nodes.map((node) => [node.id, reference('steps', [node.id], node.output)])) as References<Input, Steps>['steps'],
  });
  return {
    definition,
    step: (id, { capability, params, needs, retry, attemptTimeoutMs, timeoutMs, ttlMs }) =>
      builder({
        ...definition,
        nodes: [
          ...definition.nodes,
          {
            id,
            kind: 'task',
            capability: capability.name,
            params: document(params(references())) as JsonObject,
            ...defined({
              needs: needs && [...needs],
              retry: retry && defined({ attempts: retry.attempts, backoff_ms: retry.backoffMs, backoff_max_ms: retry.backoffMsMax, jitter: retry.jitter }),
              attempt_timeout_ms: attemptTimeoutMs,
              timeout_ms: timeoutMs,
              ttl_ms: ttlMs,
            }),
            output: jsonSchema(capability.output, 'output'),
          },
        ],
      }),
    result: (result) => builder({ ...definition, result: document(result(references())) }),
  };
}

/** A proxy whose every member is the reference to that member. */
function reference(root: ReferenceRoot, path: readonly string[], schema: JsonObject | undefined): unknown {
  return new Proxy(Object.freeze({}), {
    get: (_, name) => {
      if (name === recorded) return formatReference({ root, path, optional: isOptional(root, path, schema) });
      return typeof name === 'symbol' ? undefined : reference(root, [...path, name], schema);
    },
  });
}

function isOptional(root: ReferenceRoot, path: readonly string[], schema: JsonObject | undefined): boolean {
  return isOptionalPath(schema, root === 'steps' ? path.slice(1) : path);
}

/** The JSON of a value with references in it. */
function document(value: unknown): Json {
  if (typeof value === 'string') return escapeText(value);
  if (value === null || typeof value !== 'object') return value as Json;
  const text = (value as { [recorded]?: string })[recorded];
  if (text !== undefined) return text;
  if (Array.isArray(value)) return value.map(document);
  return Object.fromEntries(Object.entries(value).flatMap(([key, item]) => (item === undefined ? [] : [[key, document(item)]])));
}

function jsonSchema(schema: z.ZodType, io: 'input' | 'output'): JsonObject {
  const { $schema, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'throw' });
  return rest as JsonObject;
}

/** Without the members that are undefined: JSON has no undefined. */
function defined<T extends object>(value: T): { [Key in keyof T]: Exclude<T[Key], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, item]) => item !== undefined)) as { [Key in keyof T]: Exclude<T[Key], undefined> };
}
