/** The environment of a process of agents; an app extends it. */
import { filesEnvironment } from '@baton/files';
import { Count, Environment, MetricsPort, Milliseconds } from '@baton/protocol';
import type { z } from 'zod';

export const WorkerEnvironment = Environment.extend({
  BATON_METRICS_PORT: MetricsPort.default(7402),
  BATON_CONCURRENCY: Count.default(4),
  BATON_LOCK_MS: Milliseconds.default(30_000),
  BATON_STALLED_MS: Milliseconds.default(5_000),
  ...filesEnvironment,
});
export type WorkerEnvironment = z.output<typeof WorkerEnvironment>;
