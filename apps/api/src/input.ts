/** Parses what came with a request, all problems at once, each with its JSON Pointer. */
import { type Problem, pointer } from '@baton/core';
import type { z } from 'zod';
import { type Answer, problemsAnswer } from './answer.ts';

export type Input<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly answer: Answer };

/** @param what names the part in the message: `The body is` */
export function parseInput<Schema extends z.ZodType>(schema: Schema, what: string, value: unknown): Input<z.output<Schema>> {
  const result = schema.safeParse(value);
  if (result.success) return { ok: true, value: result.data };
  const problems: Problem[] = result.error.issues.map(({ path, code, message }) => ({ path: pointer(...path.map(String)), code, message }));
  return { ok: false, answer: problemsAnswer('invalid_request', what, problems) };
}
