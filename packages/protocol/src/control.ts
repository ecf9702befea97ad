/** What an operator may do to a workflow. Who asks is known from the call's authentication, and so stands in no body. */
import { z } from 'zod';
import { WorkflowStatusName } from './workflow-view.ts';

const nothing = z.strictObject({});

/** By the last part of the path: `POST /v1/workflows/:id/pause`. */
export const controlBodies = {
  pause: nothing,
  resume: nothing,
  cancel: z.strictObject({ grace_ms: z.int().min(0).max(86_400_000).optional().describe('How long handlers that run may go on') }),
  terminate: nothing,
  retry: nothing,
  rerun: z.strictObject({ from: z.string().min(1).describe('The subtask to begin with; what depends on it is done again too') }),
  restart: z.strictObject({ workflow_id: z.string().min(1).optional().describe('The id of the new workflow; made up if left out') }),
} as const;
export type ControlName = keyof typeof controlBodies;
export type ControlBody<Name extends ControlName> = z.input<(typeof controlBodies)[Name]>;

/** What a control, a signal or an approval came to. */
export const ControlView = z.object({
  workflow_id: z.string().describe('After a restart: of the new workflow'),
  status: WorkflowStatusName,
  outcome: z.enum(['applied', 'unchanged']).describe('unchanged: it was so already, or the same call came before'),
  message: z.string().optional(),
});
export type ControlView = z.output<typeof ControlView>;
