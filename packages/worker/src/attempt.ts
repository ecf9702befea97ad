/**
 * One attempt at an assignment, from the message to the verdict: what is replied, retried or handed back.
 * **Invariant:** it never rejects and never waits for a handler that ignores its signal.
 * An output that does not fit its schema is final: it is the agent's bug, and another attempt would repeat its effects, not mend it.
 */
import { once } from 'node:events';
import { type Failure, type Json, type JsonObject, limits, type Outcome, type Usage } from '@baton/core';
import { replyMessage } from '@baton/protocol';
import { type Delivery, HandBackError, LockLostError, type Verdict } from '@baton/queue';
import { type AnswerExtras, AnswerWith, answer, type Capability } from './define-agent.ts';
import { AttemptTimeoutError, NonRetryableError, RetryAfterError } from './errors.ts';
import { failureOf, invalid } from './failure.ts';
import type { AgentLogger, HandlerContext } from './handler-context.ts';
import { createProgress } from './progress.ts';

export interface AttemptOptions {
  /** The agent's id. */
  readonly agent: string;
  readonly capability: Capability;
  readonly logger: AgentLogger;
  /** An attempt failed and there will be another; `reason` is the failure's code. */
  readonly onRetry: (capability: string, reason: string) => void;
  readonly now: () => number;
}

/** The longest that a timer can wait. */
const timerMsMax = 2 ** 31 - 1;

export async function attempt(delivery: Delivery, options: AttemptOptions): Promise<Verdict> {
  const startedAt = options.now();
  const logger = options.logger.child(bindings(delivery));
  const reply: Reply = (outcome, usage) => {
    const execution = { agent: options.agent, attempt: delivery.attempt, startedAt, finishedAt: options.now(), ...(usage !== undefined && { usage }) };
    return { kind: 'reply', reply: replyMessage(delivery.assignment, { outcome, execution }) };
  };
  const fail: Fail = (error, stack) => {
    logger.warn({ event: 'subtask_attempt_failed', error, retry_in_ms: null, ...(stack !== undefined && { stack }) });
    return reply({ status: 'failed', error });
  };

  const expired = expiry(delivery, startedAt);
  if (expired !== null) return fail(expired);
  try {
    return await answered(delivery, options.capability, logger, reply, fail);
  } catch (thrown) {
    return afterThrow(thrown, delivery, options, logger, fail);
  }
}

type Reply = (outcome: Outcome, usage?: Usage) => Verdict;
type Fail = (error: Failure, stack?: string) => Verdict;

/** @throws what the handler threw, or why its signal was aborted */
async function answered(delivery: Delivery, capability: Capability, logger: AgentLogger, reply: Reply, fail: Fail): Promise<Verdict> {
  const { operation, parameters } = delivery.assignment.payload;
  const input = await capability.input.safeParseAsync(parameters);
  if (!input.success) return fail(invalid('INVALID_INPUT', `The input of ${operation}`, input.error));
  logger.info({ event: 'subtask_started' });
  const returned = await run(delivery, capability, input.data, logger);
  const { output: value, extras } = (returned instanceof AnswerWith ? returned : answer(returned, {})) as AnswerWith<unknown>;
  const output = await capability.output.safeParseAsync(value);
  if (!output.success) return fail(invalid('INVALID_OUTPUT', `The output of ${operation}`, output.error));
  const sent = sendable(operation, output.data, extras);
  if ('code' in sent) return fail(sent);
  return reply({ status: 'completed', ...sent }, extras.usage);
}

function bindings({ assignment, attempt: number }: Delivery): Record<string, unknown> {
  const { workflow_id, subtask_id } = assignment.metadata;
  return { workflow_id, subtask_id, capability: assignment.payload.operation, attempt: number };
}

/** Nobody waits for it any more. What was started in time may be tried to its end. */
function expiry({ assignment, attempt: number, isRedelivered }: Delivery, now: number): Failure | null {
  const expiresAt = Date.parse(assignment.timestamp) + assignment.metadata.ttl_ms;
  if (number > 1 || isRedelivered || now <= expiresAt) return null;
  const lateMs = now - expiresAt;
  return { code: 'ASSIGNMENT_EXPIRED', message: `No agent was free in time: the assignment expired ${lateMs} ms ago. Start more agents, or raise ttl_ms.` };
}

async function run(delivery: Delivery, { handler }: Capability, input: unknown, logger: AgentLogger): Promise<unknown> {
  const { metadata, message_id } = delivery.assignment;
  const timeout = new AbortController();
  const timeoutMs = metadata.attempt_timeout_ms;
  const timer = setTimeout(() => timeout.abort(new AttemptTimeoutError(timeoutMs)), Math.min(timeoutMs, timerMsMax));
  const signal = AbortSignal.any([delivery.signal, timeout.signal]);
  const progress = createProgress(delivery.progress, (error) => logger.debug({ event: 'progress_lost', error: String(error) }));
  const context: HandlerContext = {
    signal,
    progress: progress.report,
    logger,
    attempt: delivery.attempt,
    idempotencyKey: message_id,
    workflowId: metadata.workflow_id,
    subtaskId: metadata.subtask_id,
  };
  // Within a promise, so that a handler that is not async may throw too.
  const work = (async () => handler(input as never, context))();
  try {
    return await Promise.race([work, aborted(signal)]);
  } catch (thrown) {
    // A handler that heeds its signal throws whatever that gave it: what counts is why it was aborted.
    throw signal.aborted ? (signal.reason as Error) : thrown;
  } finally {
    clearTimeout(timer);
    await progress.end();
  }
}

async function aborted(signal: AbortSignal): Promise<never> {
  if (!signal.aborted) await once(signal, 'abort');
  throw signal.reason as Error;
}

function afterThrow(thrown: unknown, delivery: Delivery, options: AttemptOptions, logger: AgentLogger, fail: Fail): Verdict {
  if (thrown instanceof HandBackError) {
    logger.info({ event: 'subtask_handed_back' });
    return { kind: 'hand_back' };
  }
  if (thrown instanceof LockLostError) {
    logger.warn({ event: 'subtask_lost', error: failureOf(thrown) });
    return { kind: 'lost' };
  }
  const error = failureOf(thrown);
  const stack = thrown instanceof Error ? thrown.stack : undefined;
  if (thrown instanceof NonRetryableError || delivery.attempt >= delivery.attemptsMax) return fail(error, stack);
  const delayMs = thrown instanceof RetryAfterError ? Math.max(0, thrown.retryAfterMs) : delivery.nextDelayMs();
  logger.warn({ event: 'subtask_attempt_failed', error, retry_in_ms: delayMs });
  options.onRetry(delivery.assignment.payload.operation, error.code);
  return { kind: 'retry', error, stack, delayMs };
}

/** What goes into the reply, as JSON; what JSON cannot hold, or what is too big for Redis, is a failure. */
function sendable(
  operation: string,
  output: unknown,
  { contextUpdate, usage }: AnswerExtras,
): { readonly result: Json; readonly contextUpdate?: JsonObject } | Failure {
  if (usage !== undefined && !Object.values(usage).every(Number.isFinite)) {
    return { code: 'INVALID_OUTPUT', message: `The usage of ${operation} must be numbers by name.` };
  }
  let text: string;
  try {
    text = JSON.stringify({ result: output ?? null, contextUpdate });
  } catch (error) {
    return { code: 'INVALID_OUTPUT', message: `The output of ${operation} is not JSON: ${(error as Error).message}` };
  }
  const bytes = Buffer.byteLength(text);
  if (bytes > limits.payloadBytesMax) {
    const message = `The output of ${operation} has ${bytes} bytes, more than ${limits.payloadBytesMax}: write it to a file and return its URI.`;
    return { code: 'PAYLOAD_TOO_LARGE', message };
  }
  // Through JSON and back: what is replied now and what is read later must be the same.
  return JSON.parse(text) as { result: Json };
}
