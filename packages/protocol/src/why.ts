/** Why a workflow is not further than it is: one reason for each subtask that has not ended. */
import { z } from 'zod';
import { WorkflowStatusName } from './workflow-view.ts';

export const waitingReasons = [
  'deps',
  'paused',
  'not_sent',
  'no_agent',
  'concurrency_limit',
  'queued',
  'running',
  'retry_backoff',
  'newer_agent',
  'overloaded',
  'child_workflow',
  'parts',
  'awaiting_approval',
  'awaiting_signal',
  'sleeping',
  'reply_underway',
] as const;

/** `GET /v1/workflows/:id/why` */
export const WhyView = z.object({
  workflow_id: z.string(),
  status: WorkflowStatusName,
  reasons: z.array(
    z.object({
      subtask_id: z.string(),
      reason: z.enum(waitingReasons).describe('not_sent: on its way into the queue; reply_underway: done, and not yet recorded'),
      facts: z.record(z.string(), z.json()).describe('What the reason rests on: needs, position, until, by'),
      message: z.string(),
    }),
  ),
});
export type WhyView = z.output<typeof WhyView>;
