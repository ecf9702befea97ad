/** The process `orchestrator`. */
import { parseEnvironment } from '@baton/protocol';
import { runService } from '@baton/telemetry';
import { OrchestratorEnvironment } from './environment.ts';
import { startOrchestrator } from './orchestrator.ts';

// What is in hand is small; what takes longer than the default is a Redis that is away, and the next owner settles it again.
await runService({ service: 'orchestrator', parse: (environment) => parseEnvironment(OrchestratorEnvironment, environment), start: startOrchestrator });
