/** The two ways in which a call can fail: the API refused it, or nobody answered. */
import type { ProblemBody } from '@baton/protocol';

/** The API answered with a problem (RFC 9457). `code` is stable; `problems` lists everything that is wrong with the input. */
export class BatonApiError extends Error {
  override readonly name = 'BatonApiError';
  readonly status: number;
  readonly code: string;
  readonly problems: NonNullable<ProblemBody['problems']>;
  /** Of a control that was refused (`refused`): the states of a workflow in which it is not. */
  readonly allowedIn: NonNullable<ProblemBody['allowed_in']>;
  /** When to try again, where the API says so: there was no place for a start (`admission_refused`), or Redis is away. */
  readonly retryAfterMs: number | null;
  /** Under which the API's log has the request. */
  readonly requestId: string | null;
  /** Of a start that may have been accepted all the same: with this `workflow_id` it can be repeated. */
  readonly workflowId?: string;

  constructor(
    { status, code, detail, problems, allowed_in }: Pick<ProblemBody, 'status' | 'code' | 'detail' | 'problems' | 'allowed_in'>,
    { requestId, retryAfterMs }: { readonly requestId: string | null; readonly retryAfterMs: number | null },
  ) {
    super(detail);
    this.retryAfterMs = retryAfterMs;
    this.status = status;
    this.code = code;
    this.problems = problems ?? [];
    this.allowedIn = allowed_in ?? [];
    this.requestId = requestId;
  }
}

/** Nobody listens there, or nobody answered in time. Whether a start was accepted is unknown then: repeat it with the same `workflow_id`. */
export class BatonUnreachableError extends Error {
  override readonly name = 'BatonUnreachableError';
  readonly code = 'API_UNREACHABLE';
  /** Of a start that may have been accepted all the same: with this `workflow_id` it can be repeated. */
  readonly workflowId?: string;

  constructor(baseUrl: string, cause: unknown) {
    super(`The Baton API at ${baseUrl} does not answer: start it with ./dev up, or set BATON_API_URL to where it runs.`, { cause });
  }
}
