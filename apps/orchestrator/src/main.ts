/** The process `orchestrator`: reads the environment, works, and stops cleanly on SIGTERM or SIGINT. A bug ends it with exit code 1. */
import { exitCodes, parseEnvironment } from '@baton/protocol';
import { createLogger } from '@baton/telemetry';
import { OrchestratorEnvironment } from './environment.ts';
import { startOrchestrator } from './orchestrator.ts';

/** What is in hand is small; what takes longer than this is a Redis that is away, and the next owner settles it again. */
const stopMsMax = 10_000;

try {
  const environment = parseEnvironment(OrchestratorEnvironment, process.env);
  const log = createLogger({ service: 'orchestrator', level: environment.BATON_LOG_LEVEL, format: environment.BATON_LOG_FORMAT });
  const orchestrator = await startOrchestrator(environment, log);
  orchestrator.ended.catch((err: unknown) => {
    log.fatal({ event: 'orchestrator_failed', err });
    process.exit(exitCodes.failed);
  });
  const stop = (signal: NodeJS.Signals): void => {
    log.info({ event: 'orchestrator_stopping', signal });
    setTimeout(() => {
      log.error({ event: 'orchestrator_stop_timed_out' });
      process.exit(exitCodes.failed);
    }, stopMsMax).unref();
    orchestrator.close().then(
      () => log.info({ event: 'orchestrator_stopped' }),
      (err: unknown) => {
        log.error({ event: 'orchestrator_stop_failed', err });
        process.exit(exitCodes.failed);
      },
    );
  };
  process.once('SIGTERM', stop).once('SIGINT', stop);
} catch (error) {
  // Expected at a start that cannot be: a sentence and a code. Anything else is a bug, with its stack.
  const exitCode = (error as { exitCode?: number }).exitCode;
  console.error(exitCode === undefined ? error : (error as Error).message);
  process.exitCode = exitCode ?? exitCodes.failed;
}
