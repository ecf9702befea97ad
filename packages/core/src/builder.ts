/**
 * The typed way to write a definition. What comes out is the same JSON document that anybody may write by hand: options become its fields
 * (`timeoutMs` → `timeout_ms`), references become strings, schemas JSON Schema. Nothing is checked here that `compileDefinition` checks.
 */
import type { z } from 'zod';
import type { Aggregate } from './aggregation.ts';
import type { DefinitionInput, Join, NodeInput } from './definition.ts';
import type { Json } from './json.ts';
import { createReference, type Given, jsonSchema, type Ref, type UntypedRef, written } from './typed-reference.ts';

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

/** What references may refer to. What has no schema is asked for by a dotted path: `context('intermediate.score')`. */
export interface References<Input, Steps> {
  readonly input: Ref<Input>;
  readonly steps: { readonly [Id in keyof Steps]: Ref<Steps[Id]> };
  readonly context: (path: string) => UntypedRef;
  readonly conversation: (path: string) => UntypedRef;
  /** The result of the one step before, where there is exactly one, or what is at a path in it. */
  readonly previousResult: (path?: string) => UntypedRef;
}

/** What every step may say; see `definition.ts` for what each means. */
export interface CommonOptions<Steps> {
  readonly needs?: readonly (keyof Steps & string)[];
  readonly join?: Join;
  /** CEL: not true, and the step is skipped. */
  readonly when?: string;
  readonly optional?: boolean;
  readonly rules?: readonly { readonly rule: string; readonly message: string }[];
  readonly writes?: readonly string[];
  readonly timeoutMs?: number;
}

/** What work for an agent may say. */
export interface WorkOptions {
  readonly retry?: { readonly attempts?: number; readonly backoffMs?: number; readonly backoffMsMax?: number; readonly jitter?: number };
  readonly attemptTimeoutMs?: number;
  readonly ttlMs?: number;
  readonly repairs?: number;
  readonly fallback?: readonly Pick<Capability, 'name'>[];
  readonly overloads?: number;
}

/** A capability with the parameters that it is given. */
export interface Work<Seen, Input extends z.ZodType, Output extends z.ZodType> extends WorkOptions {
  readonly capability: Capability<Input, Output>;
  readonly params: (references: Seen) => Given<z.input<Input>>;
}

type Part = { readonly rules?: CommonOptions<never>['rules']; readonly timeoutMs?: number };

/** What a list of results becomes. */
export type Aggregated<Item, By> = By extends { readonly strategy: 'sum' | 'avg' | 'min' | 'max' }
  ? number
  : By extends { readonly strategy: 'best' }
    ? Item
    : By extends { readonly strategy: 'list' | 'first' } | undefined
      ? readonly Item[]
      : Json;

type AggregateInput = z.input<typeof Aggregate>;
type NewId<Id extends string, Steps> = Id extends keyof Steps ? never : Id;
type With<Input, Steps, Id extends string, Result> = WorkflowBuilder<Input, Steps & Record<Id, Result>>;

export interface LoopReferences<Draft, Critique> {
  readonly loop: Ref<{ readonly round: number; readonly draft: Draft; readonly previous?: Draft; readonly feedback?: Critique }>;
}

export interface ApprovalResult {
  readonly approved: boolean;
  readonly value: Json;
  readonly expired: boolean;
  readonly answers: readonly { readonly by: string; readonly decision: 'approve' | 'reject'; readonly comment?: string }[];
}

/** A definition under construction; `definition` is the document as it stands. Immutable: each call returns the next one. */
export interface WorkflowBuilder<Input, Steps> {
  readonly definition: DefinitionInput;
  /** A task for an agent. */
  step<Id extends string, In extends z.ZodType, Out extends z.ZodType, const Optional extends boolean = false>(
    id: NewId<Id, Steps>,
    options: Work<References<Input, Steps>, In, Out> & CommonOptions<Steps> & { readonly optional?: Optional },
  ): With<Input, Steps, Id, Optional extends true ? z.output<Out> | null : z.output<Out>>;
  /** The same for each item of a list. */
  map<Id extends string, Item, In extends z.ZodType, Out extends z.ZodType, const Options extends AggregateInput | undefined = undefined>(
    id: NewId<Id, Steps>,
    options: CommonOptions<Steps> & {
      readonly over: (references: References<Input, Steps>) => Ref<readonly Item[]> | Ref<Item[]> | readonly Item[];
      readonly each: Work<References<Input, Steps> & { readonly item: Ref<Item>; readonly index: Ref<number> }, In, Out> & Part;
      readonly concurrency?: number;
      readonly until?: Join;
      readonly aggregate?: Options;
    },
  ): With<Input, Steps, Id, Aggregated<z.output<Out>, Options>>;
  /** Generate and criticise until it is good enough; results in the draft. */
  loop<Id extends string, GenerateIn extends z.ZodType, GenerateOut extends z.ZodType, CritiqueIn extends z.ZodType, CritiqueOut extends z.ZodType>(
    id: NewId<Id, Steps>,
    options: CommonOptions<Steps> & {
      readonly generate: Work<
        References<Input, Steps> & LoopReferences<z.output<NoInfer<GenerateOut>>, z.output<NoInfer<CritiqueOut>>>,
        GenerateIn,
        GenerateOut
      > &
        Part;
      readonly critique: Work<
        References<Input, Steps> & LoopReferences<z.output<NoInfer<GenerateOut>>, z.output<NoInfer<CritiqueOut>>>,
        CritiqueIn,
        CritiqueOut
      > &
        Part;
      readonly maxIterations?: number;
      readonly score?: string;
      readonly threshold?: number;
      readonly until?: string;
      readonly patience?: number;
      readonly onExhausted?: 'complete' | 'degrade' | 'fail';
    },
  ): With<Input, Steps, Id, z.output<GenerateOut>>;
  /** Another workflow as a step. */
  workflow<Id extends string>(
    id: NewId<Id, Steps>,
    options: CommonOptions<Steps> & {
      readonly type: string;
      readonly version?: number | 'latest';
      readonly params: (references: References<Input, Steps>) => object;
    },
  ): With<Input, Steps, Id, Json>;
  /** An agent whose result is more steps. */
  plan<Id extends string, In extends z.ZodType, Out extends z.ZodType>(
    id: NewId<Id, Steps>,
    options: Work<References<Input, Steps>, In, Out> &
      CommonOptions<Steps> & { readonly allow: readonly string[]; readonly nodesMax?: number; readonly replans?: number },
  ): With<Input, Steps, Id, { readonly [step: string]: Json }>;
  /** A human in the loop. */
  approval<Id extends string>(
    id: NewId<Id, Steps>,
    options: CommonOptions<Steps> & {
      readonly params?: (references: References<Input, Steps>) => object;
      readonly approvers?: readonly string[];
      readonly required?: number;
      readonly onExpiry?: 'fail' | 'approve' | 'reject';
      readonly onReject?: 'fail' | 'complete';
      readonly webhook?: string;
    },
  ): With<Input, Steps, Id, ApprovalResult>;
  signal<Id extends string>(
    id: NewId<Id, Steps>,
    options: CommonOptions<Steps> & { readonly signal: string; readonly onExpiry?: 'fail' | 'complete' },
  ): With<Input, Steps, Id, Json>;
  sleep<Id extends string>(
    id: NewId<Id, Steps>,
    options: CommonOptions<Steps> & ({ readonly forMs: number } | { readonly until: string }),
  ): With<Input, Steps, Id, null>;
  /** Brings the results of its needs together. */
  gather<Id extends string>(id: NewId<Id, Steps>, options: CommonOptions<Steps> & { readonly aggregate?: AggregateInput }): With<Input, Steps, Id, Json>;
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
  readonly conversation?: 'isolated' | 'shared';
  readonly onRestart?: 'return' | 'retry';
}): WorkflowBuilder<z.output<Input>, object> {
  const { input, ...rest } = options;
  return createBuilder({ ...(fields(rest) as { name: string; version: number }), input: jsonSchema(input, 'input'), nodes: [] });
}

/** What the methods of the builder are given, whatever its types. */
type Options = { readonly [option: string]: unknown };

function createBuilder<Input, Steps>(definition: DefinitionInput): WorkflowBuilder<Input, Steps> {
  const add = (kind: string) => (id: string, options: Options) => {
    const { output, ...node } = { id, kind, ...nodeFields(definition, options) } as Options;
    // What a plan results in is not what its planner answers.
    const whole = kind === 'plan' || output === undefined ? node : { ...node, output };
    return createBuilder<Input, Steps>({ ...definition, nodes: [...definition.nodes, whole as unknown as NodeInput] });
  };
  const builder = {
    definition,
    step: add('task'),
    result: (result: (references: unknown) => unknown) => createBuilder({ ...definition, result: written(result(referencesOf(definition))) }),
    ...Object.fromEntries(['map', 'loop', 'workflow', 'plan', 'approval', 'signal', 'sleep', 'gather'].map((kind) => [kind, add(kind)])),
  };
  return builder as unknown as WorkflowBuilder<Input, Steps>;
}

function referencesOf({ input, nodes }: DefinitionInput): Readonly<Record<string, unknown>> {
  const known = (node: NodeInput) => (node.kind === 'map' || node.kind === 'loop' ? undefined : node.output);
  return {
    input: createReference('params', [], input),
    steps: Object.fromEntries(nodes.map((node) => [node.id, createReference('steps', [node.id], known(node))])),
    context: untyped('context'),
    conversation: untyped('conversation'),
    previousResult: untyped('previous_result'),
    item: createReference('item', [], undefined),
    index: createReference('index', [], undefined),
    loop: createReference('loop', [], loopSchema),
  };
}

function untyped(root: 'context' | 'conversation' | 'previous_result'): (path?: string) => unknown {
  return (path) => createReference(root, path === undefined ? [] : path.split('.'), undefined);
}

/** In the first round there is neither. */
const loopSchema = { type: 'object', properties: { round: {}, draft: {}, previous: {}, feedback: {} }, required: ['round', 'draft'] } as const;

/** The fields of a node, or of its parts: functions are asked for their values, capabilities named, options written as the document has them. */
function nodeFields(definition: DefinitionInput, options: Options): Options {
  const { capability, each, generate, critique, fallback, retry, ...rest } = options as Options & {
    readonly capability?: Capability;
    readonly fallback?: readonly Capability[];
    readonly retry?: WorkOptions['retry'];
  };
  const parts = Object.entries({ each, generate, critique }).filter(([, part]) => part !== undefined);
  const values = Object.entries(rest).map(([name, value]): [string, unknown] => [
    name,
    typeof value === 'function' ? written((value as (references: unknown) => unknown)(referencesOf(definition))) : value,
  ]);
  return {
    ...(capability && { capability: capability.name }),
    ...fields(Object.fromEntries(values)),
    ...(retry && { retry: fields({ attempts: retry.attempts, backoffMs: retry.backoffMs, backoffMaxMs: retry.backoffMsMax, jitter: retry.jitter }) }),
    ...(fallback && { fallback: fallback.map(({ name }) => name) }),
    ...Object.fromEntries(parts.map(([name, part]) => [name, nodeFields(definition, part as Options)])),
    ...(capability && { output: jsonSchema(capability.output, 'output') }),
  };
}

/** `timeoutMs` as `timeout_ms`; without the members that are undefined: JSON has no undefined. */
function fields(options: Options): Options {
  return Object.fromEntries(
    Object.entries(options)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => [name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`), value]),
  );
}
