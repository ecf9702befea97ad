/** Capabilities as an operator sees them, and their one knob. */
import { z } from 'zod';

const concurrency = z.int().min(1).nullable().describe('Subtasks at the same time, on all agents together; null: no limit');

/** `PUT /v1/capabilities/:name`. Works at once, and outlives a restart. */
export const CapabilityBody = z.strictObject({ concurrency });
export type CapabilityBody = z.input<typeof CapabilityBody>;

export const CapabilityView = z.object({
  name: z.string(),
  agents: z.int().describe('Those with a heartbeat'),
  queued: z.int(),
  active: z.int(),
  concurrency,
});
export type CapabilityView = z.output<typeof CapabilityView>;

/** `GET /v1/capabilities` */
export const CapabilityListView = z.object({ capabilities: z.array(CapabilityView) });
export type CapabilityListView = z.output<typeof CapabilityListView>;
