/** What an agent tells the registry, with each heartbeat. */
import { z } from 'zod';
import { SchemaVersion } from './message.ts';

export const TrustDomain = z.string().regex(/^[A-Za-z0-9_.:-]{1,64}$/, 'must be letters, digits and _ . : - only, at most 64');
export const defaultTrustDomain = 'default';

export const AgentEntry = z.object({
  id: z.string().min(1).describe('One per process: name, host, pid and a random part'),
  name: z.string().min(1),
  version: z.string(),
  host: z.string(),
  pid: z.int(),
  started_at: z.iso.datetime(),
  heartbeat_at: z.iso.datetime(),
  concurrency: z.int().min(1),
  kit: z
    .object({ trees: z.boolean().describe('It fills in parameters from the inputs of its tree') })
    .optional()
    .describe('What it can do beyond taking assignments that are complete; absent: nothing'),
  schema_version: SchemaVersion.describe('Up to which it takes assignments; absent: 1'),
  trust_domain: TrustDomain.optional().describe('Agents of one domain may touch the queues of one another: only they share a tree'),
  capabilities: z.array(z.object({ name: z.string().min(1), input: z.record(z.string(), z.json()), output: z.record(z.string(), z.json()) })),
});
export type AgentEntry = z.output<typeof AgentEntry>;
