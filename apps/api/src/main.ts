/** The process `api`: reads the environment, serves, and stops cleanly on SIGTERM or SIGINT. */
import { inspect } from 'node:util';
import { exitCodes, parseEnvironment } from '@baton/protocol';
import { createLogger } from '@baton/telemetry';
import { ApiEnvironment } from './environment.ts';
import { serveApi } from './serve.ts';

try {
  const environment = parseEnvironment(ApiEnvironment, process.env);
  const log = createLogger({ service: 'api', level: environment.BATON_LOG_LEVEL, format: environment.BATON_LOG_FORMAT });
  const api = await serveApi(environment, log);
  const stop = (signal: NodeJS.Signals): void => {
    log.info({ event: 'api_stopping', signal });
    api.close().then(
      () => log.info({ event: 'api_stopped' }),
      (err: unknown) => {
        log.error({ event: 'api_stop_failed', err });
        process.exitCode = exitCodes.failed;
      },
    );
  };
  process.once('SIGTERM', stop).once('SIGINT', stop);
} catch (error) {
  // Expected at a start that cannot be: a sentence and a code. Anything else is a bug, with its stack.
  const exitCode = (error as { exitCode?: number }).exitCode;
  process.stderr.write(`${exitCode === undefined ? inspect(error) : (error as Error).message}\n`);
  process.exitCode = exitCode ?? exitCodes.failed;
}
