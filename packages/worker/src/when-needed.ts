/** A handler that comes with the first subtask, so that an agent which only waits does not hold the libraries that its work takes. */
import type { HandlerContext } from './handler-context.ts';

type Handler<Input, Output> = (input: Input, context: HandlerContext) => Output | Promise<Output>;

/**
 * The first attempt waits for the load; one that fails, fails with what it throws, and the next attempt loads anew.
 *
 * @example
 * handler: whenNeeded(async () => (await import('./chart-agent.ts')).createChartRender(exchange)),
 */
export function whenNeeded<Input, Output>(load: () => Promise<Handler<Input, Output>>): (input: Input, context: HandlerContext) => Promise<Output> {
  let loading: Promise<Handler<Input, Output>> | undefined;
  return async (input, context) => {
    loading ??= load().catch((error: unknown) => {
      loading = undefined;
      throw error;
    });
    return await (await loading)(input, context);
  };
}
