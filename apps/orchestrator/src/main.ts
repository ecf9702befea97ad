/** The process `orchestrator`. */
import { parseEnvironment } from '@baton/protocol';
import { runService } from '@baton/telemetry';
import { OrchestratorEnvironment } from './environment.ts';
import { startOrchestrator } from './orchestrator.ts';

await runService({
  service: 'orchestrator',
  parse: (environment) => parseEnvironment(OrchestratorEnvironment, environment),
  start: (environment, log, stopping) => startOrchestrator(environment, log, stopping),
});
