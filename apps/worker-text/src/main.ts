/** The process `worker-text`: the agents of the text workflows. */
import { runWorker, WorkerEnvironment } from '@baton/worker-process';
import { createTextAgents } from './agents.ts';

await runWorker({
  service: 'worker-text',
  environment: WorkerEnvironment,
  agents: ({ BATON_DATA_ROOTS: roots, BATON_SOURCE_BYTES_MAX: bytesMax }, exchange) => createTextAgents({ exchange, roots, bytesMax, now: () => Date.now() }),
});
