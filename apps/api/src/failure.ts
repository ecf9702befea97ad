/** What was thrown, as an answer. A bug tells the caller nothing of the inside: the log has it, under the request id. */
import { BlobStoreError } from '@baton/blobs';
import { NewerSchemaError } from '@baton/core';
import { isPassingRefusal } from '@baton/queue';
import { type Answer, type ProblemCode, problem } from './answer.ts';

/** Fastify's own refusals of a request, and its timeout of a handler. https://fastify.dev/docs/latest/Reference/Errors/ */
const byCode: Readonly<Record<string, readonly [ProblemCode, string]>> = {
  FST_ERR_CTP_INVALID_JSON_BODY: ['invalid_json', 'The body is not JSON. Check it with a JSON parser; it must be one object.'],
  FST_ERR_CTP_EMPTY_JSON_BODY: ['invalid_json', 'The body is empty. Send a JSON object.'],
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: ['invalid_request', 'The body is not as long as its content-length says.'],
  FST_ERR_CTP_BODY_TOO_LARGE: ['payload_too_large', 'The body is larger than this API takes (21 MiB). Pass data by URI instead of by value.'],
  FST_ERR_CTP_INVALID_MEDIA_TYPE: ['unsupported_media_type', 'The body must be JSON, with the header content-type: application/json.'],
  FST_ERR_CTP_INVALID_TYPE: ['unsupported_media_type', 'The body must be JSON, with the header content-type: application/json.'],
  FST_ERR_BAD_URL: ['invalid_request', 'The URL has a part that cannot be decoded. Percent-encode it.'],
  FST_ERR_MAX_PARAM_LENGTH: ['not_found', 'The path has a part that is longer than any id can be.'],
};

export const redisAway: Answer = problem(
  'redis_unreachable',
  'Redis does not answer. What was accepted is safe in it; try again in a moment. A start may have been accepted: repeat it with its workflow_id, which starts nothing twice. /readyz tells when Redis is back.',
);

/** It answers, and takes nothing. */
const redisRefuses: Answer = problem(
  'redis_unreachable',
  'Redis takes nothing now: it is full, read-only, loading or busy. What was accepted is safe in it; try again in a moment, a start with its workflow_id. `baton doctor` says what is wrong.',
);

const blobsAway: Answer = problem(
  'blobs_unreachable',
  'The store for payloads over 32 KiB, which BATON_BLOBS names, cannot be used now. Nothing was lost; try again in a moment. The log says what is wrong with it.',
);

const redisCodes = new Set([
  'FST_ERR_HANDLER_TIMEOUT',
  'DEADLINE_EXCEEDED',
  'UNREACHABLE',
  'REDIS_UNREACHABLE',
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
]);
const redisMessages = /^(Connection is closed|Stream isn't writeable|Command timed out|Reached the max retries)/;

export function failureAnswer(error: unknown, requestId: string): Answer {
  const known = error instanceof Error ? byCode[codeOf(error)] : undefined;
  if (known !== undefined) return problem(...known);
  if (error instanceof Error && codeOf(error) === 'BAD_CURSOR') return problem('invalid_request', error.message);
  if (error instanceof NewerSchemaError) return problem('newer_schema', `${error.message} Ask one of those, or finish the upgrade.`);
  if (isSyntaxOfBody(error)) return problem(...(byCode['FST_ERR_CTP_INVALID_JSON_BODY'] as readonly [ProblemCode, string]));
  if (isPassingRefusal(error)) return redisRefuses;
  if (error instanceof BlobStoreError) return blobsAway;
  if (isRedisAway(error)) return redisAway;
  return problem('internal_error', `Something went wrong here, and it is not your request. The log has it under request ${requestId}.`);
}

/** Adapters wrap what they caught: the reason may lie below. */
function isRedisAway(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return redisCodes.has(codeOf(error)) || redisMessages.test(error.message) || isRedisAway(error.cause);
}

/** A body with `__proto__` in it: the parser refuses it with a plain SyntaxError. */
function isSyntaxOfBody(error: unknown): boolean {
  return error instanceof SyntaxError && (error as { statusCode?: number }).statusCode === 400;
}

function codeOf(error: Error): string {
  return (error as NodeJS.ErrnoException).code ?? '';
}
