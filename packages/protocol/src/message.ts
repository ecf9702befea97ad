/**
 * The two messages of a subtask, exactly as the guide has them ("Task Assignment Message", "Context Synchronization"):
 * an assignment is the data of a BullMQ job on `cap.<capability>`, a reply is an entry of the stream `res.<capability>.<partition>`.
 * What Baton adds stands in `metadata`, in `payload.repair` what a second try at the same output needs, and in `payload.bindings` what of its parameters a subtask in a
 * tree takes from its inputs. Unknown fields are dropped, so that either side may be newer.
 */
import { z } from 'zod';

const json = z.json();
const jsonObject = z.record(z.string(), json);
const Problem = z.object({ path: z.string().describe('JSON Pointer into the output'), code: z.string(), message: z.string() });

const Binding = z.object({
  at: z.array(z.string()).describe('Member names and list indexes, from the parameters down'),
  input: z.string().min(1).describe('The subtask_id of the input'),
  path: z.array(z.string()).describe('Inside its result'),
  optional: z.boolean().describe('May be absent: then the member is left out, and in a list it is null'),
});

const BuiltOn = z.record(z.string(), z.iso.datetime()).describe('By the subtask_id of an input: finished_at of its reply');
export const SchemaVersion = z.int().min(1).optional().describe('Of the schema; absent: 1. Processes that know less leave the message to others');
const ParametersHash = z
  .string()
  .regex(/^[\w-]{43}$/)
  .describe('SHA-256 of the canonical JSON of the parameters, filled in');

export const AssignmentMessage = z.object({
  message_id: z.string().min(1),
  type: z.literal('request'),
  sender: z.string().min(1),
  receiver: z.string().min(1),
  timestamp: z.iso.datetime(),
  payload: z.object({
    operation: z.string().min(1).describe('The capability that is asked for'),
    parameters: jsonObject,
    bindings: z.array(Binding).optional().describe('What in the parameters is filled in from the results of inputs, by the agent'),
    repair: z
      .object({ problems: z.array(Problem), previous_output: json })
      .optional()
      .describe('The output for the same parameters did not fit: what was wrong with which one'),
  }),
  metadata: z.object({
    workflow_id: z.string().min(1),
    subtask_id: z.string().min(1),
    correlation_id: z.string().min(1).describe('Comes back in the reply'),
    ttl_ms: z.int().min(0).describe('Not to be started later than this after timestamp'),
    workflow_type: z.string().min(1),
    partition: z.int().min(0),
    generation: z.int().min(0).describe('Counts deliberate dispatches of the subtask'),
    attempt_timeout_ms: z.int().min(1),
    idempotency_key: z.string().min(1).optional().describe('The message_id of the dispatch whose work this one goes on with; absent: its own'),
    schema_version: SchemaVersion,
    inputs: z.array(z.string().min(1)).optional().describe('The subtasks that the queue runs before this one. One that is not completed: reply `blocked`'),
    built_on: BuiltOn.optional().describe('Not there when it is sent: filled in with the parameters, to go back with the reply'),
    parameters_hash: ParametersHash.optional().describe('The same'),
  }),
});
export type AssignmentMessage = z.output<typeof AssignmentMessage>;

const Failure = z.object({ code: z.string().min(1), message: z.string(), details: json.optional() });

/** Of a message that was not looked at otherwise. What is no version is for the schemas above to refuse. */
export function schemaVersionOf(message: unknown): number {
  const { metadata, schema_version = metadata?.schema_version } = (message ?? {}) as { schema_version?: unknown; metadata?: { schema_version?: unknown } };
  return Number.isSafeInteger(schema_version) ? (schema_version as number) : 1;
}

export const ReplyMessage = z.object({
  message_id: z.string().min(1),
  type: z.literal('response'),
  sender: z.string().min(1).describe('The agent'),
  receiver: z.string().min(1),
  timestamp: z.iso.datetime(),
  payload: z.discriminatedUnion('status', [
    z.object({ status: z.literal('completed'), result: json, context_update: jsonObject.optional() }),
    z.object({ status: z.literal('failed'), error: Failure }),
    z.object({ status: z.literal('overloaded'), retry_after_ms: z.int().min(0) }).describe('Too much to do: come again, and count no attempt'),
    z.object({ status: z.literal('held') }).describe('Not begun, because the workflow was paused or cancelled'),
    z.object({ status: z.literal('blocked') }).describe('Not begun, because an input of its tree brought nothing that it could begin with'),
  ]),
  metadata: z.object({
    workflow_id: z.string().min(1),
    subtask_id: z.string().min(1),
    correlation_id: z.string().min(1).describe('The message_id of the assignment'),
    generation: z.int().min(0),
    agent: z.string().min(1),
    attempt: z.int().min(1),
    started_at: z.iso.datetime(),
    finished_at: z.iso.datetime(),
    usage: z.record(z.string(), z.number()).optional(),
    schema_version: SchemaVersion.describe('That of the assignment: who asks knows what it asked for'),
    built_on: BuiltOn.optional().describe('In a tree: an input that was answered twice may be recorded with another reply than this one builds on'),
    parameters_hash: ParametersHash.optional().describe('In a tree: it makes no difference if that came to the same parameters'),
  }),
});
export type ReplyMessage = z.output<typeof ReplyMessage>;
