/** An agent that does what a test tells it, call after call, and remembers what it was asked. */
import type { TestContext, TestHandler } from './test-agents.ts';

export interface FailureOptions {
  /** How many calls; the last thing that it was told goes on for ever. */
  readonly times?: number;
  readonly code?: string;
  readonly message?: string;
  /** false: another attempt is no use, like `NonRetryableError`. */
  readonly retryable?: boolean;
}

export interface MockAgent {
  (input: unknown, context: TestContext): unknown;
  /** What it was asked, call by call. */
  readonly calls: readonly unknown[];
  /** The next call returns this, or what the function returns. */
  returns(value: unknown): MockAgent;
  /** The next calls throw. */
  fails(options?: FailureOptions): MockAgent;
}

/**
 * @example
 * mockAgent().fails({ times: 2 }).returns({ uri: 'file:///a.csv' }); // two failed attempts, then always the same answer
 */
export function mockAgent(): MockAgent {
  const script: { readonly times: number; readonly act: TestHandler }[] = [];
  const calls: unknown[] = [];

  function next(call: number): TestHandler {
    let before = 0;
    const step = script.find(({ times }) => (before += times) >= call) ?? script.at(-1);
    if (step === undefined) throw new Error('The mock was told nothing: say .returns(…) or .fails(…).');
    return step.act;
  }

  const mock: MockAgent = Object.assign(
    (input: unknown, context: TestContext): unknown => {
      calls.push(input);
      return next(calls.length)(input as never, context);
    },
    {
      calls,
      returns(value: unknown): MockAgent {
        script.push({ times: 1, act: typeof value === 'function' ? (value as TestHandler) : () => value });
        return mock;
      },
      fails({ times = 1, code = 'MOCK_FAILURE', message = 'The mock fails.', retryable = true }: FailureOptions = {}): MockAgent {
        const act = (): never => {
          throw Object.assign(new Error(message), { code, ...(!retryable && { name: 'NonRetryableError' }) });
        };
        script.push({ times, act });
        return mock;
      },
    },
  );
  return mock;
}
