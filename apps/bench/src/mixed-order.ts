/** What the process of the mixed load is asked for, and what it answers. */
import { z } from 'zod';

export const MixedOrder = z.object({
  redisUrl: z.string(),
  prefix: z.string(),
  apiUrl: z.string().nullable(),
  /** By workload, how many at a time. */
  inFlight: z.record(z.string(), z.int().min(1)),
});
export type MixedOrder = z.output<typeof MixedOrder>;

/** By workload. */
export const MixedLoad = z.record(z.string(), z.object({ checked: z.int(), longestMs: z.number() }));
export type MixedLoad = z.output<typeof MixedLoad>;
