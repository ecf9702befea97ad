/**
 * A workflow type as data: the JSON document that people and programs write, its shape and its defaults.
 * What the shape cannot say (cycles, references) is `definition-problems.ts`.
 */
import { z } from 'zod';
import { CapabilityName, SubtaskId, TypeName } from './identity.ts';
import type { Json, JsonObject } from './json.ts';
import { defaults, limits } from './limits.ts';

const json: z.ZodType<Json, Json> = z.json();
const jsonObject: z.ZodType<JsonObject, JsonObject> = z.record(z.string(), json);
const timeoutMs = z.int().min(1).max(limits.timeoutMsMax);

export const Retry = z.strictObject({
  /** All attempts, the first included. */
  attempts: z.int().min(1).max(limits.attemptsMax).default(defaults.attempts),
  backoff_ms: z.int().min(0).max(limits.backoffMsMax).default(defaults.backoffMs),
  backoff_max_ms: z.int().min(0).max(limits.backoffMsMax).default(limits.backoffMsMax),
  jitter: z.number().min(0).max(1).default(defaults.jitter),
});

export const TaskNode = z.strictObject({
  id: SubtaskId,
  kind: z.literal('task').default('task'),
  capability: CapabilityName,
  /** Values, or references: `$params.x`, `$steps.fetch.uri`; `$$` begins a literal dollar. */
  params: jsonObject.default({}),
  /** Subtasks to wait for beside those that `params` refers to. */
  needs: z.array(z.string()).default([]),
  retry: Retry.prefault({}),
  /** One attempt. */
  attempt_timeout_ms: timeoutMs.default(defaults.attemptTimeoutMs),
  /** All attempts, with their backoff and their time in the queue. */
  timeout_ms: timeoutMs.default(defaults.subtaskTimeoutMs),
  /** An assignment not started by then is not executed any more. Without it: `timeout_ms`. */
  ttl_ms: timeoutMs.optional(),
  /** JSON Schema of the result; a result that does not fit is a failure. */
  output: jsonObject.optional(),
});

export const Definition = z.strictObject({
  name: TypeName,
  version: z.int().min(1),
  description: z.string().max(2_000).optional(),
  /** JSON Schema of the workflow's params. */
  input: jsonObject.optional(),
  nodes: z.array(TaskNode).min(1).max(limits.subtasksPerWorkflowMax),
  /** What the workflow answers: values and references. Without it: the results of the last subtasks, by id. */
  result: json.optional(),
  timeout_ms: timeoutMs.default(defaults.workflowTimeoutMs),
  /** How long a finished workflow is kept. */
  retention_ms: z.int().min(1_000).max(limits.retentionMsMax).default(defaults.retentionMs),
});

export type TaskNode = z.output<typeof TaskNode>;
/** The whole document, defaults filled in. */
export type Definition = z.output<typeof Definition>;
/** The document as it may be written: what has a default may be left out. */
export type DefinitionInput = z.input<typeof Definition>;
