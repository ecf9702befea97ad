/** What the producer of a soak is asked for, and the workflows that it runs: chains that go soon after their end. */
import { z } from 'zod';
import { type Workload, workloadOf } from './workload.ts';

export const SoakOrder = z.object({
  redisUrl: z.string(),
  prefix: z.string(),
  apiUrl: z.string().nullable(),
  logs: z.array(z.string()),
  workflows: z.int().min(1),
  inFlight: z.int().min(1),
  retentionMs: z.int().min(1_000),
});
export type SoakOrder = z.output<typeof SoakOrder>;

/** What it answers: each result was checked. */
export const SoakAnswer = z.object({ checked: z.int() });

export function soakWorkload(retentionMs: number): Workload {
  const chain = workloadOf('chain') as Workload;
  return { ...chain, name: 'soak', types: chain.types.map((type) => ({ ...type, name: 'bench_soak', retention_ms: retentionMs })) };
}
