/** One HTTP call: sends, bounds the time, repeats where twice is once, and parses what comes back against its schema. `fetch` only, so that it runs in a browser too. */
import { ProblemBody } from '@baton/protocol';
import { BatonApiError, BatonUnreachableError } from './failure.ts';
import { repeated } from './repeat.ts';

export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** What a zod schema is to us. */
interface Schema<T> {
  safeParse(data: unknown): { readonly success: true; readonly data: T } | { readonly success: false };
}

export interface CallOptions {
  readonly baseUrl: string;
  readonly fetch: Fetch;
  readonly timeoutMs: number;
  readonly repeatMs: number;
}

export interface Call {
  readonly method: 'GET' | 'POST' | 'PUT';
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | undefined>>;
  readonly body?: unknown;
  /** How long the API may take on top of what every call may. */
  readonly waitMs?: number;
  /** Twice is once: it may be sent again when nobody answered, or Redis was away. What only asks always may. */
  readonly isIdempotent?: boolean;
}

/** @throws {BatonApiError | BatonUnreachableError} */
export async function call<T>(options: CallOptions, request: Call, schema: Schema<T>): Promise<T> {
  const { method, isIdempotent = method === 'GET' } = request;
  return await repeated({ repeatMs: options.repeatMs, isRepeatable: isIdempotent }, () => callOnce(options, request, schema));
}

async function callOnce<T>({ baseUrl, fetch, timeoutMs }: CallOptions, request: Call, schema: Schema<T>): Promise<T> {
  const { method, path, body, waitMs = 0 } = request;
  let response: Response;
  let text: string;
  try {
    response = await fetch(`${baseUrl}${path}${queryText(request.query)}`, {
      method,
      signal: AbortSignal.timeout(timeoutMs + waitMs),
      ...(body !== undefined && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    });
    text = await response.text();
  } catch (cause) {
    throw new BatonUnreachableError(baseUrl, cause);
  }
  return answerOf(response, text, schema, baseUrl);
}

function answerOf<T>(response: Response, text: string, schema: Schema<T>, baseUrl: string): T {
  const { status } = response;
  const about = { requestId: response.headers.get('x-request-id'), retryAfterMs: retryAfterMs(response.headers.get('retry-after')) };
  const data = parsed(text);
  if (response.ok) {
    const answer = schema.safeParse(data);
    if (answer.success) return answer.data;
  } else {
    const problem = ProblemBody.safeParse(data);
    if (problem.success) throw new BatonApiError(problem.data, about);
  }
  const detail = `What answered at ${baseUrl} (status ${status}) does not speak as this version of Baton's API does: check BATON_API_URL, and that both are of one version.`;
  throw new BatonApiError({ status, code: 'unexpected_response', detail }, about);
}

/** In seconds, as our API says it. */
function retryAfterMs(header: string | null): number | null {
  return header !== null && /^\d+$/.test(header) ? Number(header) * 1_000 : null;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function queryText(query: Call['query'] = {}): string {
  const given = Object.entries(query).flatMap(([key, value]) => (value === undefined ? [] : [[key, String(value)] as [string, string]]));
  return given.length === 0 ? '' : `?${new URLSearchParams(given).toString()}`;
}
