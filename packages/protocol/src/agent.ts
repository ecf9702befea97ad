/** What an agent tells the registry, with each heartbeat. */
import { z } from 'zod';

export const AgentEntry = z.object({
  id: z.string().min(1).describe('One per process: name, host, pid and a random part'),
  name: z.string().min(1),
  version: z.string(),
  host: z.string(),
  pid: z.int(),
  started_at: z.iso.datetime(),
  heartbeat_at: z.iso.datetime(),
  concurrency: z.int().min(1),
  capabilities: z.array(z.object({ name: z.string().min(1), input: z.record(z.string(), z.json()), output: z.record(z.string(), z.json()) })),
});
export type AgentEntry = z.output<typeof AgentEntry>;
