/** The process `worker-sales`: reads the environment, works, and stops cleanly on SIGTERM or SIGINT. */
import { exitCodes, parseEnvironment } from '@baton/protocol';
import { createLogger } from '@baton/telemetry';
import { WorkerEnvironment } from './environment.ts';
import { startWorker } from './worker.ts';

/** The agents hand back after 10 s what has not finished; what takes longer than this is a Redis that is away. */
const stopMsMax = 15_000;

try {
  const environment = parseEnvironment(WorkerEnvironment, process.env);
  const log = createLogger({ service: 'worker-sales', level: environment.BATON_LOG_LEVEL, format: environment.BATON_LOG_FORMAT });
  const worker = await startWorker(environment, log);
  const stop = (signal: NodeJS.Signals): void => {
    log.info({ event: 'worker_stopping', signal });
    setTimeout(() => {
      log.error({ event: 'worker_stop_timed_out' });
      process.exit(exitCodes.failed);
    }, stopMsMax).unref();
    worker.close().then(
      () => log.info({ event: 'worker_stopped' }),
      (err: unknown) => {
        log.error({ event: 'worker_stop_failed', err });
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
