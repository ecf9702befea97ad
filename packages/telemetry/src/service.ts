/**
 * The life of a long-running process: environment, logger, start, and a bounded end on SIGTERM or SIGINT.
 * **Invariant:** it listens for signals before it starts anything, so a signal at any moment ends it cleanly, with code 0; a second one ends it at once.
 */
import { inspect } from 'node:util';
import { createLogger, type Logger, type LoggerOptions } from './logger.ts';

export interface RunningService {
  /** Finishes or hands back what is in hand, and lets go of everything. */
  close(): Promise<void>;
  /** Rejects with a bug that the service cannot go on with. */
  readonly ended?: Promise<unknown>;
}

export interface ServiceOptions<Environment> {
  /** The process: `api`, `orchestrator`, `worker-sales`. Its events are named after it. */
  readonly service: string;
  /** @throws an error with an `exitCode` where the environment is not right */
  readonly parse: (environment: NodeJS.ProcessEnv) => Environment;
  /**
   * @param stopping aborted by the signal to stop: from then on it is not ready for more, though it still starts or closes
   * @throws an error with an `exitCode` where it cannot start and people can mend that
   */
  readonly start: (environment: Environment, log: Logger, stopping: AbortSignal) => Promise<RunningService>;
}

interface ServiceEnvironment {
  readonly BATON_LOG_LEVEL: string;
  readonly BATON_LOG_FORMAT: LoggerOptions['format'];
  readonly BATON_GRACE_MS: number;
}

const failed = 1;

/** Does not return: it ends the process, within the grace time after a signal. What takes longer, because Redis is away, say, is not waited for. */
export async function runService<Environment extends ServiceEnvironment>({ service, parse, start }: ServiceOptions<Environment>): Promise<void> {
  const signalled = Promise.withResolvers<NodeJS.Signals>();
  process.on('SIGTERM', signalled.resolve).on('SIGINT', signalled.resolve);
  try {
    const environment = parse(process.env);
    const log = createLogger({ service, level: environment.BATON_LOG_LEVEL, format: environment.BATON_LOG_FORMAT });
    const stop = new AbortController();
    const stopping = signalled.promise.then((signal) => {
      announceStop(signal, service, environment.BATON_GRACE_MS, log);
      stop.abort();
    });
    const running = await start(environment, log, stop.signal);
    running.ended?.catch((err: unknown) => {
      log.fatal({ event: eventOf(service, 'failed'), err });
      process.exit(failed);
    });
    await stopping;
    await close(running, service, log);
  } catch (error) {
    fail(error);
  }
}

function announceStop(signal: NodeJS.Signals, service: string, graceMs: number, log: Logger): void {
  log.info({ event: eventOf(service, 'stopping'), signal });
  const giveUp = (what: string, fields: object): never => {
    log.error({ event: eventOf(service, what), ...fields });
    process.exit(failed);
  };
  setTimeout(() => giveUp('stop_timed_out', { after_ms: graceMs }), graceMs);
  const again = (next: NodeJS.Signals): never => giveUp('stop_cut_short', { signal: next });
  process.on('SIGTERM', again).on('SIGINT', again);
}

async function close(running: RunningService, service: string, log: Logger): Promise<void> {
  try {
    await running.close();
  } catch (err) {
    log.error({ event: eventOf(service, 'stop_failed'), err });
    process.exit(failed);
  }
  log.info({ event: eventOf(service, 'stopped') });
  // Not left to the event loop: with Redis away, timers of libraries live on.
  process.exit(0);
}

/** Expected at a start that cannot be: a sentence and a code. Anything else is a bug, with its stack. */
function fail(error: unknown): never {
  const { exitCode, message } = error as { readonly exitCode?: number; readonly message?: string };
  process.stderr.write(`${exitCode === undefined ? inspect(error) : message}\n`);
  process.exit(exitCode ?? failed);
}

/** `worker-sales`, `stopped` → `worker_sales_stopped` */
function eventOf(service: string, what: string): string {
  return `${service.replaceAll('-', '_')}_${what}`;
}
