/** The environment of a process of agents; an app extends it. */
import { filesEnvironment } from '@baton/files';
import { Count, defaultTrustDomain, Environment, MetricsPort, Milliseconds, TrustDomain } from '@baton/protocol';
import type { z } from 'zod';

export const WorkerEnvironment = Environment.extend({
  BATON_METRICS_PORT: MetricsPort.default(7402),
  BATON_CONCURRENCY: Count.default(4),
  BATON_LOCK_MS: Milliseconds.default(30_000),
  BATON_STALLED_MS: Milliseconds.default(5_000),
  /** Agents that may not touch the queues of one another are of different domains. */
  BATON_TRUST_DOMAIN: TrustDomain.default(defaultTrustDomain),
  ...filesEnvironment,
});
export type WorkerEnvironment = z.output<typeof WorkerEnvironment>;
