/** What a handler answers: a value, errors included. Problems are RFC 9457 `application/problem+json` with a stable `code`. */
import type { Problem } from '@baton/core';
import type { ProblemBody } from '@baton/protocol';

// An import would read all that the module exports, among it what comes from Node's HTTP client: several MB that nobody here uses.
const { STATUS_CODES } = process.getBuiltinModule('node:http');

export interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export const problemContentType = 'application/problem+json';

/** Every code that the API answers with, and its status. Programs may rely on them. */
export const problemStatuses = {
  invalid_json: 400,
  invalid_request: 400,
  cross_origin: 403,
  not_found: 404,
  unknown_workflow: 404,
  unknown_type: 404,
  unknown_dead_letter: 404,
  read_only: 405,
  conflict: 409,
  refused: 409,
  payload_lost: 410,
  payload_too_large: 413,
  unsupported_media_type: 415,
  misdirected_request: 421,
  invalid_workflow: 422,
  admission_refused: 429,
  internal_error: 500,
  redis_unreachable: 503,
  blobs_unreachable: 503,
  stopping: 503,
  newer_schema: 503,
} as const;
export type ProblemCode = keyof typeof problemStatuses;

export function ok(body: unknown): Answer {
  return { status: 200, body };
}

/** A limit of which some shard would have no share stands still there. */
export function belowShards(shardCount: number): Answer {
  return problem('invalid_request', `The limit is divided among the ${shardCount} shards (BATON_SHARDS), so it must be at least ${shardCount}.`);
}

/** @param detail a sentence that names the mend */
export function problem(code: ProblemCode, detail: string, problems?: readonly Problem[]): Answer {
  const status = problemStatuses[code];
  const body: ProblemBody = {
    type: `urn:baton:problem:${code}`,
    title: STATUS_CODES[status] ?? 'Error',
    status,
    detail,
    code,
    ...(problems !== undefined && { problems: [...problems] }),
  };
  return { status, body, headers: { 'content-type': problemContentType, ...(status === 503 && { 'retry-after': '1' }) } };
}

/** As a problem that lists everything; the sentence says the first thing and how many there are. */
export function problemsAnswer(code: ProblemCode, what: string, problems: readonly Problem[]): Answer {
  const first = problems[0];
  const where = first?.path ? `${first.path}: ` : '';
  const more = problems.length > 1 ? ` (and ${problems.length - 1} more)` : '';
  const sentence = (first?.message ?? 'no reason given').replace(/\.$/, '');
  return problem(code, `${what} not right: ${where}${sentence}${more}.`, problems);
}

/** The types that there are, for the sentence that says that one is not among them. */
export function existingTypes(types: readonly { readonly name: string; readonly versions: readonly number[] }[]): string {
  if (types.length === 0) return 'No type is registered yet: register one with POST /v1/workflow-types or `baton type register <file>`.';
  const shown = types.slice(0, 20).map(({ name, versions }) => `${name} (version ${versions.join(', ')})`);
  return `Registered: ${shown.join('; ')}${types.length > shown.length ? `; and ${types.length - shown.length} more` : ''}.`;
}
