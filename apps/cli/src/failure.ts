/** What went wrong, as sentences on standard error and an exit code that a script can tell apart. */
import { BatonApiError, type BatonUnreachableError, isPassing } from '@baton/client';
import { exitCodes, type ProblemBody } from '@baton/protocol';

type Problems = NonNullable<ProblemBody['problems']>;

/** The flags, a file or a value is not right. The message names the mend. */
export class InputError extends Error {
  override readonly name = 'InputError';
}

export interface Reported {
  readonly lines: readonly string[];
  readonly exitCode: number;
}

export function reported(error: unknown): Reported {
  if (error instanceof InputError) return { lines: [`error: ${error.message}`], exitCode: exitCodes.badInput };
  if (isPassing(error)) return { lines: [`error: ${error.message}`, ...startLines(error)], exitCode: exitCodes.unreachable };
  if (error instanceof BatonApiError) return { lines: [`error: ${error.message}`, ...problemLines(error.problems)], exitCode: exitCodeOf(error) };
  return { lines: [`error: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`], exitCode: exitCodes.failed };
}

/** Nobody knows whether it was accepted. */
function startLines({ workflowId }: BatonApiError | BatonUnreachableError): string[] {
  return workflowId === undefined
    ? []
    : [`Whether it was started is not known. The same command with --id ${workflowId} repeats it, and starts nothing twice.`];
}

function exitCodeOf({ status, code }: BatonApiError): number {
  if (status === 429) return exitCodes.notAdmitted;
  return status >= 500 || code === 'unexpected_response' ? exitCodes.failed : exitCodes.badInput;
}

/** One problem is in the sentence already. */
function problemLines(problems: Problems): string[] {
  if (problems.length < 2) return [];
  const width = Math.max(...problems.map(({ path }) => (path || '/').length));
  return problems.map(({ path, message }) => `  ${(path || '/').padEnd(width)}  ${message}`);
}
