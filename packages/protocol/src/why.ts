/** Why a workflow is not further than it is: one reason for each subtask that has not ended. */
import { z } from 'zod';
import { WorkflowStatusName } from './workflow-view.ts';

export const waitingReasons = [
  'deps',
  'no_agent',
  'queued',
  'dispatching',
  'running',
  'settling',
  'retry_backoff',
  'overloaded',
  'concurrency_limit',
  'paused',
  'awaiting_approval',
  'awaiting_signal',
  'sleeping',
  'child_workflow',
  'parts',
] as const;

/** `GET /v1/workflows/:id/why` */
export const WhyView = z.object({
  workflow_id: z.string(),
  status: WorkflowStatusName,
  reasons: z.array(
    z.object({
      subtask_id: z.string(),
      reason: z.enum(waitingReasons).describe('dispatching: on its way into the queue; settling: done, and not yet recorded'),
      facts: z.record(z.string(), z.json()).describe('What the reason rests on: needs, position, until, by'),
      message: z.string(),
    }),
  ),
});
export type WhyView = z.output<typeof WhyView>;
