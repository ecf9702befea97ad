/** Anything that a handler may throw, as the failure that a reply carries. */
import { inspect } from 'node:util';
import type { Failure, Json } from '@baton/core';
import type { z } from 'zod';

const codeShape = /^[A-Z][A-Z0-9_]{1,63}$/;
const messageLengthMax = 4_000;

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
export function invalid(code: 'INVALID_INPUT' | 'INVALID_OUTPUT', what: string, error: z.ZodError): Failure {
  const problems = error.issues.map(({ path, code: problem, message }) => ({ path: path.map((part) => `/${String(part)}`).join(''), code: problem, message }));
  const listed = problems.map(({ path, message }) => `${path === '' ? '/' : path}: ${message}`).join('; ');
  return { code, message: shortened(`${what} does not fit its schema: ${listed}`), details: { problems } };
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
