/** The process `worker-sales`: the five agents of the dashboard. */
import { runWorker } from '@baton/worker-process';
import { createSalesAgents } from './agents.ts';
import { SalesEnvironment } from './environment.ts';

await runWorker({
  service: 'worker-sales',
  environment: SalesEnvironment,
  agents: (environment, exchange) =>
    createSalesAgents({
      exchange,
      roots: environment.BATON_DATA_ROOTS,
      bytesMax: environment.BATON_SOURCE_BYTES_MAX,
      brokenShareMax: environment.BATON_BROKEN_SHARE_MAX,
      now: () => Date.now(),
    }),
});
