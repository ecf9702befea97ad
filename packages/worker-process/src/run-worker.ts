/** A worker's main: the life of a process (`runService`) with agents in it. */
import { parseEnvironment } from '@baton/protocol';
import { runService } from '@baton/telemetry';
import type { z } from 'zod';
import type { WorkerEnvironment } from './environment.ts';
import { startWorker, type WorkerPlan } from './start-worker.ts';

/**
 * Runs until a signal ends it; owns the process: its environment, its signals, its exit code.
 *
 * @example
 * await runWorker({ service: 'worker-sales', environment: WorkerEnvironment, agents: (environment, exchange) => createSalesAgents(…) });
 */
export async function runWorker<Environment extends WorkerEnvironment>(
  plan: WorkerPlan<Environment> & { readonly environment: z.ZodType<Environment> },
): Promise<void> {
  await runService({
    service: plan.service,
    parse: (environment) => parseEnvironment(plan.environment, environment),
    start: (environment, log, stopping) => startWorker(plan, environment, log, stopping),
  });
}
