/** The process `worker-sales`. */
import { parseEnvironment } from '@baton/protocol';
import { runService } from '@baton/telemetry';
import { WorkerEnvironment } from './environment.ts';
import { startWorker } from './worker.ts';

await runService({
  service: 'worker-sales',
  parse: (environment) => parseEnvironment(WorkerEnvironment, environment),
  start: startWorker,
  // The agents hand back after 10 s what has not finished; what takes longer than this is a Redis that is away.
  stopMsMax: 15_000,
});
