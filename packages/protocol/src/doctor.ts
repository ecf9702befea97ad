/** What the doctor finds in a deployment, and what it mended. */
import { z } from 'zod';

/** One finding each, in this order, whether something is wrong or not. Programs may rely on them. */
export const findingCodes = [
  'redis_version',
  'persistence',
  'eviction',
  'memory',
  'replication',
  'unreachable_shards',
  'clocks',
  'partitions_without_owner',
  'result_lag',
  'stuck_outbox',
  'capabilities_without_agent',
  'starts_waiting',
  'schema_versions',
  'orphaned_jobs',
  'failed_jobs',
  'dead_letters',
  'unexpiring_keys',
] as const;
export type FindingCode = (typeof findingCodes)[number];

export const FindingView = z.object({
  code: z.enum(findingCodes),
  severity: z.enum(['ok', 'warning', 'problem']).describe('problem: work stands still, or can be lost; warning: it may come to that'),
  message: z.string().describe('What was found, and where'),
  mend: z.string().nullable().describe('What to do about it; null where nothing is wrong'),
  fixable: z.boolean().describe('POST /v1/doctor/fix mends it'),
});
export type FindingView = z.output<typeof FindingView>;

const examined = { healthy: z.boolean().describe('No finding is a problem'), findings: z.array(FindingView) };

/** `GET /v1/doctor` */
export const DoctorView = z.object(examined);
export type DoctorView = z.output<typeof DoctorView>;

/** `POST /v1/doctor/fix`: what was done, and how it looks afterwards. */
export const DoctorFixView = z.object({ fixed: z.array(z.object({ code: z.enum(findingCodes), message: z.string() })), ...examined });
export type DoctorFixView = z.output<typeof DoctorFixView>;
