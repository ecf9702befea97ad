/** A worker's main: reads the environment, works, and stops cleanly on SIGTERM or SIGINT. */
import { exitCodes, parseEnvironment } from '@baton/protocol';
import { createLogger } from '@baton/telemetry';
import type { z } from 'zod';
import type { WorkerEnvironment } from './environment.ts';
import { startWorker, type WorkerPlan } from './start-worker.ts';

/** The agents hand back after 10 s what has not finished; what takes longer than this is a Redis that is away. */
const stopMsMax = 15_000;

/**
 * Runs until a signal ends it; owns the process: its environment, its signals, its exit code.
 *
 * @example
 * await runWorker({ service: 'worker-sales', environment: WorkerEnvironment, agents: (environment, exchange) => createSalesAgents(…) });
 */
export async function runWorker<Environment extends WorkerEnvironment>(
  plan: WorkerPlan<Environment> & { readonly environment: z.ZodType<Environment> },
): Promise<void> {
  try {
    const environment = parseEnvironment(plan.environment, process.env);
    const log = createLogger({ service: plan.service, level: environment.BATON_LOG_LEVEL, format: environment.BATON_LOG_FORMAT });
    const starting = startWorker(plan, environment, log);
    // Before it is ready: a signal that comes while the agents start ends them cleanly too.
    const stop = (signal: NodeJS.Signals): void => {
      log.info({ event: 'worker_stopping', signal });
      setTimeout(() => {
        log.error({ event: 'worker_stop_timed_out' });
        process.exit(exitCodes.failed);
      }, stopMsMax).unref();
      starting
        .then((worker) => worker.close())
        .then(
          () => log.info({ event: 'worker_stopped' }),
          (err: unknown) => {
            log.error({ event: 'worker_stop_failed', err });
            process.exit(exitCodes.failed);
          },
        );
    };
    process.once('SIGTERM', stop).once('SIGINT', stop);
    await starting;
  } catch (error) {
    // Expected at a start that cannot be: a sentence and a code. Anything else is a bug, with its stack.
    const exitCode = (error as { exitCode?: number }).exitCode;
    const { message, stack } = error as Error;
    process.stderr.write(`${exitCode === undefined ? stack : message}\n`);
    process.exitCode = exitCode ?? exitCodes.failed;
  }
}
