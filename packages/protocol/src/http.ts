/** The bodies of the HTTP API. Times are ISO 8601 in UTC; ids and statuses as in the guide. */
import { z } from 'zod';
import { SchemaVersion } from './message.ts';
import { FailureView, WorkflowStatusName, WorkflowSummaryView } from './workflow-view.ts';

const json = z.json();
const jsonObject = z.record(z.string(), json);
const time = z.iso.datetime();

export const ProblemItem = z.object({ path: z.string().describe('JSON Pointer into the input'), code: z.string(), message: z.string() });

/** RFC 9457. `code` is stable; `problems` lists everything that is wrong with the input. A control that is refused says in which states it is not. */
export const ProblemBody = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  detail: z.string(),
  code: z.string(),
  problems: z.array(ProblemItem).optional(),
  workflow_status: WorkflowStatusName.optional(),
  allowed_in: z.array(WorkflowStatusName).optional(),
});
export type ProblemBody = z.output<typeof ProblemBody>;

export const StartWorkflowBody = z
  .strictObject({
    workflow_id: z.string().optional().describe('Makes the start idempotent; made up if left out'),
    type: z.string().optional().describe('A registered type'),
    version: z.union([z.int().min(1), z.literal('latest')]).optional(),
    definition: json.optional().describe('A definition, in place of a registered type'),
    params: jsonObject.default({}),
    conversation_id: z.string().min(1).max(128).optional().describe('Workflows of one conversation may share what they leave in their context'),
  })
  .refine((body) => (body.type === undefined) !== (body.definition === undefined), {
    message: 'needs either "type" (a registered type) or "definition" (a definition of its own), not both',
    path: ['type'],
  });
export type StartWorkflowBody = z.input<typeof StartWorkflowBody>;

export const StartWorkflowView = z.object({ workflow_id: z.string(), type: z.string(), version: z.int(), status: WorkflowStatusName, created: z.boolean() });
export type StartWorkflowView = z.output<typeof StartWorkflowView>;

export const WorkflowListView = z.object({
  workflows: z.array(WorkflowSummaryView),
  newer: z
    .array(z.object({ workflow_id: z.string(), created_at: time }))
    .optional()
    .describe('Of this page, those that a newer version of Baton has written to: only its processes can tell more'),
  next_cursor: z.string().nullable(),
});
export type WorkflowListView = z.output<typeof WorkflowListView>;

export const WorkflowResultView = z.object({
  workflow_id: z.string(),
  status: WorkflowStatusName,
  result: json.optional(),
  error: FailureView.nullable(),
});
export type WorkflowResultView = z.output<typeof WorkflowResultView>;

/** One thing that happened, as in the log: `type` is the name, the rest its fields. */
export const EventView = z.looseObject({ type: z.string(), at: time, subtask_id: z.string().optional() });
export type EventView = z.output<typeof EventView>;

export const EventListView = z.object({
  entries: z.array(
    z.object({
      id: z.string().describe('Give it as "after" to read on'),
      hash: z.string().describe('SHA-256 over the hash of the entry before and the events of this one'),
      events: z.array(EventView),
    }),
  ),
  next_after: z.string().nullable().describe('Null: there is no more for now'),
});
export type EventListView = z.output<typeof EventListView>;

export const RegisterTypeView = z.object({ name: z.string(), version: z.int(), hash: z.string(), created: z.boolean() });
export type RegisterTypeView = z.output<typeof RegisterTypeView>;

const maxActive = z
  .int()
  .min(1)
  .nullable()
  .describe('Workflows of the type, all versions together, that may be active at the same time; null: nothing was set');
const activity = { active: z.int().describe('Workflows of the type, all versions together, that have not ended'), max_active: maxActive };

export const WorkflowTypeListView = z.object({ types: z.array(z.object({ name: z.string(), versions: z.array(z.int()), ...activity })) });
export type WorkflowTypeListView = z.output<typeof WorkflowTypeListView>;

/** `PUT /v1/workflow-types/:name`. Holds within a second, and outlives a restart. */
export const WorkflowTypeBody = z.strictObject({ max_active: maxActive });
export type WorkflowTypeBody = z.input<typeof WorkflowTypeBody>;

export const WorkflowTypeLimitView = z.object({ name: z.string(), versions: z.array(z.int()), ...activity });
export type WorkflowTypeLimitView = z.output<typeof WorkflowTypeLimitView>;

export const WorkflowTypeView = z.object({ name: z.string(), version: z.int(), hash: z.string(), definition: json, ...activity });
export type WorkflowTypeView = z.output<typeof WorkflowTypeView>;

export const AgentListView = z.object({
  agents: z.array(
    z.object({
      id: z.string(),
      name: z.string(),
      version: z.string(),
      host: z.string(),
      pid: z.int(),
      heartbeat_at: time,
      concurrency: z.int(),
      capabilities: z.array(z.string()),
    }),
  ),
});
export type AgentListView = z.output<typeof AgentListView>;

/** The data of a job on the queue `workflows`: the same request, from any producer. */
export const StartWorkflowJob = StartWorkflowBody.safeExtend({ schema_version: SchemaVersion });
