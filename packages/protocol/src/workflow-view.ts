/** A workflow and its subtasks as the HTTP API shows them. What is only sometimes so is absent where it is not. */
import { z } from 'zod';
import { ApprovalView } from './approval.ts';

const json = z.json();
const jsonObject = z.record(z.string(), json);

export const workflowStatusNames = ['pending', 'running', 'paused', 'waiting', 'completed', 'failed', 'cancelled', 'timed_out'] as const;
export const WorkflowStatusName = z.enum(workflowStatusNames);
const SubtaskStatusName = z.enum(['pending', 'assigned', 'running', 'failed', 'retrying', 'waiting', 'completed', 'failed_permanent', 'skipped', 'cancelled']);
export const FailureView = z.object({ code: z.string(), message: z.string(), details: json.optional() });
const time = z.iso.datetime();
const partialFailures = z.int().min(1).optional().describe('Optional subtasks that failed');
const isDegraded = z.literal(true).optional().describe('Not as good as was asked for: the best that a loop came to');

export const WorkflowSummaryView = z.object({
  workflow_id: z.string(),
  type: z.string(),
  version: z.int(),
  status: WorkflowStatusName,
  caller: z.string(),
  created_at: time,
  ended_at: time.nullable(),
  duration_ms: z.number().nullable().describe('From the start to the end; null while it runs'),
  error: FailureView.nullable(),
  partial_failures: partialFailures,
  degraded: isDegraded,
  conversation_id: z.string().optional(),
  parent: z.object({ workflow_id: z.string(), subtask_id: z.string() }).optional().describe('The step of another workflow that this one is the work of'),
  restart_of: z.string().optional().describe('The workflow that this one is a restart of'),
});
export type WorkflowSummaryView = z.output<typeof WorkflowSummaryView>;

/** One row of the guide's ownership table, live: what runs is read from the queue when somebody asks. */
export const SubtaskView = z.object({
  subtask_id: z.string(),
  kind: z.enum(['task', 'map', 'loop', 'workflow', 'plan', 'approval', 'signal', 'sleep', 'gather']).optional().describe('Absent: task'),
  capability: z.string().nullable().describe('The one that was asked last; null: no agent works on it'),
  status: SubtaskStatusName,
  needs: z.array(z.string()),
  generation: z.int().nullable(),
  assigned_to: z.string().nullable(),
  attempts: z.int(),
  assigned_at: time.nullable(),
  started_at: time.nullable(),
  ended_at: time.nullable(),
  duration_ms: z.number().nullable().describe('From the assignment to the end, or to now'),
  progress: z.object({ percent: z.number(), message: z.string().nullable() }).nullable(),
  retry_at: time.nullable(),
  result: json.optional(),
  error: FailureView.nullable(),
  tries: z
    .object({ fallback: z.int(), repairs: z.int(), overloads: z.int() })
    .optional()
    .describe('Beyond the attempts: position in the fallbacks (0: the capability itself), outputs sent back, and how often the agents had too much to do'),
  tolerated: z.literal(true).optional().describe('It failed, was optional, and the workflow went on'),
  skipped_reason: z.string().optional(),
  degraded: isDegraded,
  dissent: z.array(z.string()).optional().describe('Subtasks whose results are not in this one: who did not agree, or came too late'),
  waiting_for: z.object({ kind: z.enum(['approval', 'signal', 'sleep']), until: time, signal: z.string().optional() }).optional(),
  part_of: z.string().optional().describe('The map, loop or plan that it is a part of; it comes right after that, in its order'),
  parts: z.partialRecord(SubtaskStatusName, z.int()).optional().describe('How many of its parts are recorded as what'),
  items: z.int().optional().describe('How many parts a map has'),
  round: z.int().optional().describe('The round that a loop is in, or ended with; from 1'),
  rounds: z
    .array(z.object({ score: z.number().nullable() }))
    .optional()
    .describe('The rounds of a loop that have ended'),
  child_workflow_id: z.string().optional(),
});
export type SubtaskView = z.output<typeof SubtaskView>;

export const WorkflowView = WorkflowSummaryView.extend({
  revision: z.int(),
  params: jsonObject,
  context: jsonObject.optional().describe('What the steps have written to it'),
  paused: z.object({ at: time, by: z.string() }).optional(),
  approvals: z.array(ApprovalView).optional().describe('Those that wait for an answer, without their tokens'),
  result: json.optional(),
  subtasks: z.array(SubtaskView),
});
export type WorkflowView = z.output<typeof WorkflowView>;
