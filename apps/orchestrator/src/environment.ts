/** The orchestrator's environment. */
import { AdmissionVariables, Environment, MetricsPort, Milliseconds, Retention, Trees } from '@baton/protocol';

export const OrchestratorEnvironment = Environment.extend({
  BATON_METRICS_PORT: MetricsPort.default(7401),
  /** How long the partitions of an orchestrator that died wait for the next one. */
  BATON_LEASE_MS: Milliseconds.default(5_000),
  /** One of all orchestrators looks so often after queues whose agents are all gone. */
  BATON_JANITOR_MS: Milliseconds.default(30_000),
  BATON_RETENTION_MS: Retention,
  BATON_TREES: Trees,
  ...AdmissionVariables,
});
