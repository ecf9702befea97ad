/** Anything that a handler may throw, as the failure that a reply carries. */
import { inspect } from 'node:util';
import type { Failure, Json, Problem } from '@baton/core';
import type { z } from 'zod';

const codeShape = /^[A-Z][A-Z0-9_]{1,63}$/;
const messageLengthMax = 4_000;
const problemsMax = 100;
/** Of an output that is sent back: it comes again in the next assignment. */
const outputLengthMax = 32 * 1024;

export function failureOf(thrown: unknown): Failure {
  if (!(thrown instanceof Error))
    return { code: 'HANDLER_FAILED', message: `The handler threw ${shortened(inspect(thrown, { depth: 2 }))} instead of an Error.` };
  const { code, details } = thrown as Error & { code?: unknown; details?: unknown };
  return {
    code: typeof code === 'string' && codeShape.test(code) ? code : 'HANDLER_FAILED',
    message: shortened(thrown.message === '' ? thrown.name : thrown.message),
    ...(isJson(details) && { details }),
  };
}

/** All problems of a value that its schema refuses. */
export function problemsOf(error: z.ZodError): readonly Problem[] {
  return error.issues.map(({ path, code, message }) => ({ path: path.map((part) => `/${String(part)}`).join(''), code, message }));
}

export function invalidInput(operation: string, problems: readonly Problem[]): Failure {
  return { code: 'INVALID_INPUT', message: sentence(`The input of ${operation} does not fit its schema`, problems), details: { problems: listed(problems) } };
}

/** With the output, so that it can be sent back to be mended. */
export function invalidOutput(what: string, problems: readonly Problem[], output: unknown): Failure {
  return { code: 'INVALID_OUTPUT', message: sentence(what, problems), details: { problems: listed(problems), output: shown(output) } };
}

function sentence(what: string, problems: readonly Problem[]): string {
  return shortened(`${what}: ${problems.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`)).join('; ')}`);
}

function listed(problems: readonly Problem[]): Json {
  return problems.slice(0, problemsMax).map(({ path, code, message }) => ({ path, code, message: shortened(message) }));
}

/** As JSON; as the beginning of its text where it is too long, or is not JSON. */
function shown(output: unknown): Json {
  const text = isJson(output) ? JSON.stringify(output) : inspect(output, { depth: 2 });
  if (text.length > outputLengthMax) return `${text.slice(0, outputLengthMax)}…`;
  return isJson(output) ? (JSON.parse(text) as Json) : text;
}

function isJson(value: unknown): value is Json {
  if (value === undefined) return false;
  try {
    return JSON.stringify(value) !== undefined;
  } catch {
    // A cycle or a BigInt: the message has to do without.
    return false;
  }
}

function shortened(text: string): string {
  return text.length <= messageLengthMax ? text : `${text.slice(0, messageLengthMax)}…`;
}
