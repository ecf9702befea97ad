/**
 * A workflow type as data: the JSON document that people and programs write, its shape and its defaults.
 * What the shape cannot say (cycles, references, expressions) is `definition-problems.ts`.
 */
import { z } from 'zod';
import { Aggregate } from './aggregation.ts';
import { CapabilityName, SubtaskId, TypeName } from './identity.ts';
import type { Json, JsonObject } from './json.ts';
import { defaults, limits } from './limits.ts';

const json: z.ZodType<Json, Json> = z.json();
const jsonObject: z.ZodType<JsonObject, JsonObject> = z.record(z.string(), json);
const timeoutMs = z.int().min(1).max(limits.timeoutMsMax);
/** CEL, see `expression.ts`. */
const expression = z.string().min(1);
const contextPath = z.string().regex(/^[\w-]+(\.[\w-]+)*$/, 'must be a dotted path, like intermediate.score');
const version = z.union([z.int().min(1), z.literal('latest')]);

export const Retry = z.strictObject({
  /** All attempts, the first included. */
  attempts: z.int().min(1).max(limits.attemptsMax).default(defaults.attempts),
  backoff_ms: z.int().min(0).max(limits.backoffMsMax).default(defaults.backoffMs),
  backoff_max_ms: z.int().min(0).max(limits.backoffMsMax).default(limits.backoffMsMax),
  jitter: z.number().min(0).max(1).default(defaults.jitter),
});

/**
 * When a node with several needs goes on, and with which failures it lives.
 * `all`: when every need is completed; a failure ends the workflow (fail fast). `settled`: when nothing is open, with what succeeded (continue).
 * `any`, `first`, `quorum`: when so many succeeded; the rest is cancelled. A quorum counts voters: an agent has one vote for each capability.
 */
export const Join = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('all') }),
  z.strictObject({ kind: z.literal('settled') }),
  z.strictObject({ kind: z.literal('any') }),
  z.strictObject({ kind: z.literal('first'), k: z.int().min(1) }),
  z.strictObject({ kind: z.literal('quorum'), k: z.int().min(1), of: z.int().min(1) }),
]);
export type Join = z.output<typeof Join>;

/** What every node may say. */
const common = {
  id: SubtaskId,
  /** Subtasks to wait for beside those that references and expressions name. */
  needs: z.array(z.string()).default([]),
  join: Join.prefault({ kind: 'all' }),
  /** Not true: the subtask is skipped. Sees `params`, `steps`, `context`. */
  when: expression.optional(),
  /** Its failure is null to those that refer to it, and a partial failure of the workflow. */
  optional: z.boolean().default(false),
  /** JSON Schema of the result; a result that does not fit is a failure. */
  output: jsonObject.optional(),
  /** Business rules over `output`; one that is not true is a failure with its message. */
  rules: z
    .array(z.strictObject({ rule: expression, message: z.string().min(1) }))
    .max(50)
    .default([]),
  /** Context paths that it may write, with everything below them. */
  writes: z.array(contextPath).max(100).default([]),
  /** All of it: every attempt, its backoff and its time in the queue; for a waiting node how long it waits. */
  timeout_ms: timeoutMs.default(defaults.subtaskTimeoutMs),
};

/** What an agent is asked to do. */
const work = {
  capability: CapabilityName,
  /** Values, or references: `$params.x`, `$steps.fetch.uri`; `$$` begins a literal dollar. */
  params: jsonObject.default({}),
  retry: Retry.prefault({}),
  /** One attempt. */
  attempt_timeout_ms: timeoutMs.default(defaults.attemptTimeoutMs),
  /** An assignment not started by then is not executed any more. Without it: `timeout_ms`. */
  ttl_ms: timeoutMs.optional(),
  /** How often a result that does not fit goes back to the capability with what is wrong with it. */
  repairs: z.int().min(0).max(limits.repairsMax).default(0),
  /** Capabilities to try in turn when this one has failed. */
  fallback: z.array(CapabilityName).max(limits.fallbacksMax).default([]),
  /** How often an overloaded agent may send it back before that is a failure. */
  overloads: z.int().min(0).max(limits.overloadsMax).default(defaults.overloads),
};

export const TaskNode = z.strictObject({ ...common, kind: z.literal('task'), ...work });

/** Another workflow as a step: it gets an id of its own below this one's. */
const child = { type: TypeName, version: version.default('latest'), params: jsonObject.default({}) };
export const WorkflowNode = z.strictObject({ ...common, kind: z.literal('workflow'), ...child });

/** What is done for each item of a map: `$item` and `$index` stand for the item. */
const body = { output: common.output, rules: common.rules, timeout_ms: common.timeout_ms };
export const MapBody = z.preprocess(
  kindOrTask,
  z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('task'), ...work, ...body }),
    z.strictObject({ kind: z.literal('workflow'), ...child, ...body }),
  ]),
);

export const MapNode = z.strictObject({
  ...common,
  kind: z.literal('map'),
  /** A list, or the reference to one. */
  over: json,
  each: MapBody,
  /** Items at the same time. */
  concurrency: z.int().min(1).max(limits.subtasksPerWorkflowMax).default(limits.subtasksPerWorkflowMax),
  /** Over the items. */
  until: Join.prefault({ kind: 'all' }),
  aggregate: Aggregate.prefault({ strategy: 'list' }),
});

export const LoopNode = z.strictObject({
  ...common,
  kind: z.literal('loop'),
  /** Sees `$loop.round` (from 1), `$loop.previous?` (the draft before) and `$loop.feedback?` (what the critic said of it). */
  generate: z.strictObject({ ...work, ...body }),
  /** Sees `$loop.draft`. */
  critique: z.strictObject({ ...work, ...body }),
  max_iterations: z.int().min(1).max(limits.iterationsMax).default(defaults.iterations),
  /** Where the critique says how good the draft is: a dotted path to a number. */
  score: contextPath.default('quality_score'),
  /** The score that is good enough. */
  threshold: z.number().optional(),
  /** Or: true when it is good enough. Sees `score`, `draft`, `critique`, `round`. */
  until: expression.optional(),
  /** Stop when the best score has not improved for so many rounds. */
  patience: z.int().min(1).optional(),
  /** When it ends without being good enough: the best draft, the best draft marked `degraded`, or a failure. */
  on_exhausted: z.enum(['complete', 'degrade', 'fail']).default('fail'),
});

export const PlanNode = z.strictObject({
  ...common,
  kind: z.literal('plan'),
  ...work,
  /** Capabilities that the plan may use; `*`: any. */
  allow: z.array(z.string().min(1)).min(1),
  nodes_max: z.int().min(1).max(limits.plannedNodesMax).default(defaults.plannedNodes),
  /** How often a bad plan goes back to the planner with its problems. */
  replans: z.int().min(0).max(limits.repairsMax).default(2),
});

export const ApprovalNode = z.strictObject({
  ...common,
  kind: z.literal('approval'),
  /** What the approvers are shown; references allowed. `value` is what an approver may edit, and what the approval results in. */
  params: jsonObject.default({}),
  /** Who may answer; empty: anybody with the token. */
  approvers: z.array(z.string().min(1)).max(100).default([]),
  /** How many must approve. */
  required: z.int().min(1).max(100).default(1),
  /** What it means that `timeout_ms` has passed. */
  on_expiry: z.enum(['fail', 'approve', 'reject']).default('fail'),
  /** Rejected: a failure, or a result with `approved: false`. */
  on_reject: z.enum(['fail', 'complete']).default('fail'),
  /** Told of it with a signed POST. */
  webhook: z.url({ protocol: /^https?$/ }).optional(),
});

export const SignalNode = z.strictObject({ ...common, kind: z.literal('signal'), signal: SubtaskId, on_expiry: z.enum(['fail', 'complete']).default('fail') });

export const SleepNode = z
  .strictObject({ ...common, kind: z.literal('sleep'), for_ms: z.union([timeoutMs, z.string()]).optional(), until: z.string().min(1).optional() })
  .refine((node) => (node.for_ms === undefined) !== (node.until === undefined), {
    message: 'needs either "for_ms" or "until" (a time like 2026-01-31T08:00:00Z), not both',
    path: ['for_ms'],
  });

/** Brings the results of its needs together without an agent. */
export const GatherNode = z.strictObject({ ...common, kind: z.literal('gather'), aggregate: Aggregate.prefault({ strategy: 'list' }) });

export const Node = z.preprocess(
  kindOrTask,
  z.discriminatedUnion('kind', [TaskNode, MapNode, LoopNode, WorkflowNode, PlanNode, ApprovalNode, SignalNode, SleepNode, GatherNode]),
);

export const Definition = z.strictObject({
  name: TypeName,
  version: z.int().min(1),
  /** The version of Baton's schema that it needs; without a word, 1. What is newer than a process knows, it leaves to others. */
  schema: z.int().min(1).optional(),
  description: z.string().max(2_000).optional(),
  /** JSON Schema of the workflow's params. */
  input: jsonObject.optional(),
  nodes: z.array(Node).min(1).max(limits.subtasksPerWorkflowMax),
  /** What the workflow answers: values and references. Without it: the results of the last subtasks, by id. */
  result: json.optional(),
  timeout_ms: timeoutMs.default(defaults.workflowTimeoutMs),
  /** How long a finished workflow is kept. */
  retention_ms: z.int().min(1_000).max(limits.retentionMsMax).default(defaults.retentionMs),
  /** `shared`: sees what ended workflows of its conversation left in their context (`$conversation.x`), and leaves its own. */
  conversation: z.enum(['isolated', 'shared']).default('isolated'),
  /** A start under the id of a failed workflow: returns it, or starts it again from what failed. */
  on_restart: z.enum(['return', 'retry']).default('return'),
});

export type TaskNode = z.output<typeof TaskNode>;
export type MapNode = z.output<typeof MapNode>;
export type LoopNode = z.output<typeof LoopNode>;
export type WorkflowNode = z.output<typeof WorkflowNode>;
export type PlanNode = z.output<typeof PlanNode>;
export type ApprovalNode = z.output<typeof ApprovalNode>;
export type SignalNode = z.output<typeof SignalNode>;
export type SleepNode = z.output<typeof SleepNode>;
export type GatherNode = z.output<typeof GatherNode>;
export type Node = z.output<typeof Node>;
export type NodeKind = Node['kind'];
/** A node that agents work on. */
export type WorkNode = TaskNode | PlanNode;
/** The whole document, defaults filled in. */
export type Definition = z.output<typeof Definition>;
/** The document as it may be written: what has a default may be left out. */
export type DefinitionInput = Omit<z.input<typeof Definition>, 'nodes'> & { readonly nodes: readonly NodeInput[] };
type Written<Schema extends z.ZodType> = z.input<Schema>;
export type NodeInput =
  | (Omit<Written<typeof TaskNode>, 'kind'> & { readonly kind?: 'task' })
  | (Omit<Written<typeof MapNode>, 'each'> & { readonly each: MapBodyInput })
  | Written<typeof LoopNode>
  | Written<typeof WorkflowNode>
  | Written<typeof PlanNode>
  | Written<typeof ApprovalNode>
  | Written<typeof SignalNode>
  | Written<typeof SleepNode>
  | Written<typeof GatherNode>;
export type MapBodyInput = { readonly kind?: 'task' | 'workflow' } & Readonly<Record<string, unknown>>;

/** A node that does not say its kind is a task. */
function kindOrTask(value: unknown): unknown {
  return value !== null && typeof value === 'object' && !Array.isArray(value) && !('kind' in value) ? { ...value, kind: 'task' } : value;
}
