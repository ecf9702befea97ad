/**
 * One attempt at an assignment, from the message to the verdict: what is replied, retried or handed back.
 * **Invariant:** it never rejects and never waits for a handler that ignores its signal.
 * An output that does not fit its schema is final: it is the agent's bug, and another attempt would repeat its effects, not mend it.
 */
import { type Failure, type Json, type JsonObject, limits, type Outcome, type Usage } from '@baton/core';
import { feedbackOf, idempotencyKeyOf, replyMessage } from '@baton/protocol';
import { CancelledError, type Delivery, HandBackError, LockLostError, type Verdict } from '@baton/queue';
import { type AnswerExtras, AnswerWith, answer, type Capability } from './define-agent.ts';
import { AgentOverloadedError, AttemptTimeoutError, NonRetryableError, RetryAfterError } from './errors.ts';
import { failureOf, invalidInput, invalidOutput, problemsOf } from './failure.ts';
import type { AgentLogger, HandlerContext } from './handler-context.ts';
import { createOnce } from './once.ts';
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
  const startedAt = delivery.beganAt;
  const logger = options.logger.child(bindings(delivery));
  const reply: Reply = (outcome, usage) => {
    const execution = { agent: options.agent, attempt: delivery.attempt, startedAt, finishedAt: options.now(), ...(usage !== undefined && { usage }) };
    return { kind: 'reply', reply: replyMessage(delivery.assignment, { outcome, execution }) };
  };
  const fail: Fail = (error, stack) => {
    logger.warn({ event: 'subtask_attempt_failed', error, retry_in_ms: null, ...(stack !== undefined && { stack }) });
    return reply({ status: 'failed', error });
  };

  if (delivery.isHeld) {
    logger.info({ event: 'subtask_held' });
    return reply({ status: 'held' });
  }
  if (delivery.isBlocked) {
    logger.info({ event: 'subtask_blocked' });
    return reply({ status: 'blocked' });
  }
  if (delivery.isLost) {
    return fail({
      code: 'PAYLOAD_LOST',
      message: 'The parameters were kept out of line and are gone, or are not what was kept: look after the store that BATON_BLOBS names.',
    });
  }
  const expired = expiry(delivery, startedAt);
  if (expired !== null) return fail(expired);
  try {
    return await answered(delivery, options.capability, logger, { reply, fail });
  } catch (thrown) {
    return afterThrow(thrown, delivery, { ...options, logger }, { reply, fail });
  }
}

type Reply = (outcome: Outcome, usage?: Usage) => Verdict;
type Fail = (error: Failure, stack?: string) => Verdict;

interface Answers {
  readonly reply: Reply;
  readonly fail: Fail;
}

/** @throws what the handler threw, or why its signal was aborted */
async function answered(delivery: Delivery, capability: Capability, logger: AgentLogger, { reply, fail }: Answers): Promise<Verdict> {
  const { operation, parameters } = delivery.assignment.payload;
  const input = await capability.input.safeParseAsync(parameters);
  if (!input.success) return fail(invalidInput(operation, problemsOf(input.error)));
  logger.info({ event: 'subtask_started' });
  const returned = await run(delivery, capability, input.data, logger);
  const { output: value, extras } = (returned instanceof AnswerWith ? returned : answer(returned, {})) as AnswerWith<unknown>;
  const output = await capability.output.safeParseAsync(value);
  if (!output.success) return fail(invalidOutput(`The output of ${operation} does not fit its schema`, problemsOf(output.error), value));
  const sent = sendable(operation, output.data, extras);
  if ('code' in sent) return fail(sent);
  return reply({ status: 'completed', ...sent }, extras.usage);
}

function bindings({ assignment, attempt: number }: Delivery): Record<string, unknown> {
  const { workflow_id, subtask_id } = assignment.metadata;
  return { workflow_id, subtask_id, capability: assignment.payload.operation, attempt: number };
}

/** Nobody waits for it any more. What was started in time may be tried to its end. */
function expiry({ assignment, agesFrom, attempt: number, isRedelivered }: Delivery, now: number): Failure | null {
  const expiresAt = agesFrom + assignment.metadata.ttl_ms;
  if (number > 1 || isRedelivered || now <= expiresAt) return null;
  const lateMs = now - expiresAt;
  return { code: 'ASSIGNMENT_EXPIRED', message: `No agent was free in time: the assignment expired ${lateMs} ms ago. Start more agents, or raise ttl_ms.` };
}

async function run(delivery: Delivery, { handler }: Capability, input: unknown, logger: AgentLogger): Promise<unknown> {
  const { metadata } = delivery.assignment;
  const { controller } = delivery;
  const { signal } = controller;
  const timeoutMs = metadata.attempt_timeout_ms;
  const timer = setTimeout(() => controller.abort(new AttemptTimeoutError(timeoutMs)), Math.min(timeoutMs, timerMsMax));
  const progress = createProgress(delivery.progress, (error) => logger.debug({ event: 'progress_lost', error: String(error) }));
  const context: HandlerContext = {
    signal,
    progress: progress.report,
    logger,
    attempt: delivery.attempt,
    repair: feedbackOf(delivery.assignment),
    idempotencyKey: idempotencyKeyOf(delivery.assignment),
    once: createOnce(delivery),
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

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    const give = (): void => reject(signal.reason as Error);
    if (signal.aborted) give();
    else signal.addEventListener('abort', give, { once: true });
  });
}

function afterThrow(thrown: unknown, delivery: Delivery, { logger, onRetry }: AttemptOptions, { reply, fail }: Answers): Verdict {
  if (thrown instanceof HandBackError) {
    logger.info({ event: 'subtask_handed_back' });
    return { kind: 'hand_back' };
  }
  if (thrown instanceof LockLostError) {
    logger.warn({ event: 'subtask_lost', error: failureOf(thrown) });
    return { kind: 'lost' };
  }
  if (thrown instanceof CancelledError) {
    logger.info({ event: 'subtask_aborted', reason: thrown.code });
    return reply({ status: 'failed', error: { code: 'CANCELLED', message: thrown.message } });
  }
  if (thrown instanceof AgentOverloadedError) {
    const retryAfterMs = waitOf(thrown);
    logger.info({ event: 'subtask_sent_back', reason: thrown.code, retry_in_ms: retryAfterMs });
    return reply({ status: 'overloaded', retryAfterMs });
  }
  const error = failureOf(thrown);
  const stack = thrown instanceof Error ? thrown.stack : undefined;
  if (thrown instanceof NonRetryableError || delivery.attempt >= delivery.attemptsMax) return fail(error, stack);
  const delayMs = thrown instanceof RetryAfterError ? Math.max(0, thrown.retryAfterMs) : delivery.nextDelayMs();
  logger.warn({ event: 'subtask_attempt_failed', error, retry_in_ms: delayMs });
  onRetry(delivery.assignment.payload.operation, error.code);
  return { kind: 'retry', error, stack, delayMs };
}

/** What a handler asks for may be anything; the wire takes whole milliseconds. */
function waitOf({ retryAfterMs }: AgentOverloadedError): number {
  return Number.isNaN(retryAfterMs) ? 0 : Math.min(Math.max(0, Math.ceil(retryAfterMs)), limits.timeoutMsMax);
}

/** What goes into the reply, as JSON; what JSON cannot hold, or what is too big for Redis, is a failure. */
function sendable(
  operation: string,
  output: unknown,
  { contextUpdate, usage }: AnswerExtras,
): { readonly result: Json; readonly contextUpdate?: JsonObject } | Failure {
  if (usage !== undefined && !Object.values(usage).every(Number.isFinite)) {
    return invalidOutput(`The usage of ${operation} does not fit`, [{ path: '', code: 'not_numbers', message: 'it must be numbers by name' }], output);
  }
  let text: string;
  try {
    text = JSON.stringify({ result: output ?? null, contextUpdate });
  } catch (error) {
    return invalidOutput(`The output of ${operation} is not JSON`, [{ path: '', code: 'not_json', message: (error as Error).message }], output);
  }
  const bytes = Buffer.byteLength(text);
  if (bytes > limits.payloadBytesMax) {
    const message = `The output of ${operation} has ${bytes} bytes, more than ${limits.payloadBytesMax}: write it to a file and return its URI.`;
    return { code: 'PAYLOAD_TOO_LARGE', message };
  }
  // Through JSON and back: what is replied now and what is read later must be the same.
  return JSON.parse(text) as { result: Json };
}
