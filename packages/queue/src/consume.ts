/**
 * An agent's side of a capability queue: BullMQ's Worker, with outcomes as values.
 * **Invariant:** a reply is in its result stream before its job is done, and an append that fails leaves the job undone.
 * **Invariant:** what was replied is not attempted again: a job that comes once more is done with the reply that it has.
 * A final failure is *replied*; only what is worth another attempt fails in BullMQ.
 * **Invariant:** no attempt begins under a control flag: the check stands before every one, the first and those after a failure or a dead agent.
 */
import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import type { Payloads } from '@baton/blobs';
import { currentSchema, limits, type NewerSchemaError, type Schema } from '@baton/core';
import { type AssignmentMessage, capabilityQueue, idempotencyKeyOf, parseAssignment, type ReplyMessage, type SentReply } from '@baton/protocol';
import { type Job, UnrecoverableError, WaitingError, Worker } from 'bullmq';
import { CancelledError, HandBackError, LockLostError } from './abort-reason.ts';
import { type BlobStoreOption, payloadsIn } from './blob-store-option.ts';
import { wholeAssignment } from './by-reference.ts';
import { comeAgain } from './come-again.ts';
import { type ControlRef, controlFlagsOf } from './control-flags.ts';
import type { Delivery, Verdict } from './delivery.ts';
import { keptJobs } from './finished-jobs.ts';
import { answerAbandoned, replyIn } from './job-reply.ts';
import { createNewerJobs, type NewerJobs } from './newer-job.ts';
import { createOnceCalls, type OnceCalls, onceKeptMs } from './once-calls.ts';
import { onceTaken, restAfterRefusals } from './refusal.ts';
import { appendReply } from './result-stream.ts';
import { jobDelayMs } from './retry-policy.ts';
import { retryWaitMs } from './retry-wait.ts';
import { type Room, type Seat, seatOf } from './room.ts';
import { isShardUp } from './shards.ts';
import { type Beginning, beginningOf, inputsKey } from './tree-inputs.ts';

export interface ConsumeOptions extends BlobStoreOption {
  readonly capability: string;
  /** The agent's id; stands in the job while it runs. */
  readonly agent: string;
  readonly concurrency: number;
  /** Of that size, where other consumers share it. */
  readonly room?: Room;
  /** Up to which it takes assignments: that of this code, but in tests. */
  readonly schema?: Schema;
  /** A job whose lock is not renewed for so long counts as left alone. */
  readonly lockMs: number;
  /** How often jobs that were left alone are looked for; one that is goes to another agent after at most `lockMs` and two of these. */
  readonly stalledMs: number;
  /** How often a job may be left alone before it fails; a job that kills its agents must end. */
  readonly stallsMax: number;
  readonly onAssignment: (delivery: Delivery) => Promise<Verdict>;
  /** The job failed without a verdict: left alone too often. What to reply. */
  readonly onAbandoned: (assignment: AssignmentMessage, attempt: number, reason: string) => ReplyMessage;
  /** The job was replied before; its agent died, or lost it, before it was done. It is done now, and was not delivered. */
  readonly onReplied: (assignment: AssignmentMessage) => void;
  /** The first assignment of a newer schema: it and those after it are left to newer agents. */
  readonly onNewer: (error: NewerSchemaError) => void;
  /** Errors that concern no delivery. Outages of Redis are the connection's to report. */
  readonly onError: (error: Error) => void;
}

export interface Consumer {
  /** Takes no more jobs, waits for those that run, and hands back what runs after `graceMs`. */
  readonly close: (graceMs: number) => Promise<void>;
}

/** Beyond the grace: handing back is one script, so what takes longer is a Redis that is away. */
const handBackMsMax = 5_000;

interface Consuming extends ConsumeOptions {
  readonly payloads: Payloads;
}

/** How soon after a resume it is noticed by what waits in the queue for it. */
const pausedLookMs = 1_000;

/** What is going on in one consumer. */
interface Ongoing {
  /** By job id. */
  readonly runs: Map<string, AbortController>;
  readonly answers: Set<Promise<void>>;
  readonly newer: NewerJobs;
  /** Aborts when the grace is over: what Redis does not take by then is left to another agent. */
  readonly leaving: AbortController;
  isClosing: boolean;
}

/** Resolves when it is connected and consumes. */
export async function consumeCapability(given: ConsumeOptions): Promise<Consumer> {
  const options: Consuming = { ...given, payloads: payloadsIn(given) };
  const newer = createNewerJobs({ redis: options.redis, schema: options.schema ?? currentSchema, kind: 'assignment', onNewer: options.onNewer });
  const ongoing: Ongoing = { runs: new Map(), answers: new Set(), newer, leaving: new AbortController(), isClosing: false };
  const isAway = (): boolean => !isShardUp(options.redis, options.prefix);
  const seat = options.room && seatOf(options.room, () => worker, isAway);
  const process = seat === undefined ? run : seated(seat);
  const worker: Worker = new Worker(capabilityQueue(options.capability), (job, token) => process(options, ongoing, job, token), {
    connection: options.redis,
    prefix: options.prefix,
    name: options.agent,
    concurrency: options.concurrency,
    lockDuration: options.lockMs,
    stalledInterval: options.stalledMs,
    maxStalledCount: options.stallsMax,
    ...keptJobs,
    settings: {
      backoffStrategy: (attemptsMade, _type, error, job) => (error instanceof AttemptError ? error.delayMs : jobDelayMs(job as Job, attemptsMade)),
    },
  });
  listen(worker, options, ongoing);
  restAfterRefusals(worker);
  await worker.waitUntilReady();
  return {
    close(graceMs) {
      // Seen by `run`, which the worker calls once more for a job that it had fetched already.
      ongoing.isClosing = true;
      seat?.close();
      return close(worker, graceMs, options, ongoing);
    },
  };
}

/** A job for which there is no room yet is ours all the same: it may be lost while it waits, or have to go back. */
function seated(seat: Seat): typeof run {
  return async (options, ongoing, job, token) => {
    const waiting = new AbortController();
    // As in `run`: this one counts, and not an earlier one of the same job.
    ongoing.runs.get(String(job.id))?.abort(lockLost());
    ongoing.runs.set(String(job.id), waiting);
    const isIn = await seat.enter();
    try {
      // BullMQ then leaves the job as it is.
      if (waiting.signal.aborted && !ongoing.isClosing) throw new WaitingError();
      return await run(options, ongoing, job, token);
    } finally {
      if (isIn) seat.leave();
      if (ongoing.runs.get(String(job.id)) === waiting) ongoing.runs.delete(String(job.id));
    }
  };
}

async function run(options: Consuming, ongoing: Ongoing, job: Job, token: string | undefined): Promise<SentReply> {
  const { runs, leaving } = ongoing;
  if (ongoing.isClosing) return await handBack(job, token);
  const data = await ongoing.newer.take(job, token);
  const assignment = assignmentOf(data, options.capability);
  const replied = replyIn(job, assignment);
  if (replied !== null) {
    options.onReplied(assignment);
    return await sendReply({ ...options, leaving }, job, assignment, replied);
  }
  const controller = new AbortController();
  const id = String(job.id);
  // Ours again, after we had lost it without noticing: the run before must not go on beside this one.
  runs.get(id)?.abort(lockLost());
  runs.set(id, controller);
  const flags = controlFlagsOf(options.redis, options.prefix);
  const ref = refOf(assignment);
  const onceCalls = onceCallsOf(options, job, token, assignment, controller.signal);
  let unwatch: (() => void) | undefined;
  try {
    const beganAt = Date.now();
    const whole = await wholeAssignment(options.payloads, data, assignment);
    const sources = { flags, payloads: options.payloads };
    const inputs = inputsKey(options.prefix, options.capability, id);
    const beginning = await onceTaken(() => beginningOf(sources, ref, whole ?? assignment, inputs), leaving.signal);
    // Held, it would come back after any time: what is kept of its effects would be gone, and they would be had again.
    const waits = async () => (await flags.isPaused(ref)) && (await onceCalls.outlast(pausedLookMs));
    if (beginning.isHeld && job.attemptsStarted > 1 && (await onceTaken(waits, leaving.signal)))
      return await comeAgain(options.redis, job, token, pausedLookMs, leaving.signal);
    if (!beginning.isHeld)
      unwatch = flags.watch(ref, { onCancelled: () => controller.abort(new CancelledError('The workflow was cancelled.')), onError: options.onError });
    const verdict = await options.onAssignment({ ...deliveryOf(job), ...beginning, isLost: whole === null, controller, beganAt, onceCalls });
    // A wait of the handler's own choice has no bound.
    if (verdict.kind === 'retry' && verdict.delayMs > limits.backoffMsMax) await onceCalls.outlast(verdict.delayMs);
    const outcome = verdict.kind === 'retry' ? { ...verdict, delayMs: await retryWaitMs(options.redis, verdict.delayMs, controller.signal) } : verdict;
    const reply = await carryOut(outcome, { ...options, leaving }, job, token, assignment);
    await onceCalls.expireSoon();
    return reply;
  } finally {
    unwatch?.();
    if (runs.get(id) === controller) runs.delete(id);
  }
}

async function carryOut(verdict: Verdict, options: Replying, job: Job, token: string | undefined, assignment: AssignmentMessage): Promise<SentReply> {
  switch (verdict.kind) {
    case 'reply':
      return await sendReply(options, job, assignment, verdict.reply);
    case 'retry':
      assert(job.attemptsMade + 1 < attemptsMax(job), `The last attempt at ${job.id} must be replied, not retried.`);
      throw new AttemptError(verdict);
    case 'hand_back':
      return await handBack(job, token);
    case 'lost':
      // BullMQ then leaves the job as it is.
      throw new WaitingError();
  }
}

type Replying = Consuming & Pick<Ongoing, 'leaving'>;

async function sendReply(options: Replying, job: Job, { metadata }: AssignmentMessage, reply: SentReply): Promise<SentReply> {
  // Anything but a result concerns the engine at once.
  const isAwaitedInQueue = job.parentKey !== undefined && reply.payload.status === 'completed';
  const appended = { capability: options.capability, partition: metadata.partition, jobId: String(job.id), reply, isAwaitedInQueue };
  // The work is done: a Redis that does not take the reply now is no reason to do it again.
  return await onceTaken(() => appendReply(options, appended), options.leaving.signal);
}

function listen(worker: Worker, options: Consuming, { runs, answers, leaving }: Ongoing): void {
  worker.on('error', (error) => {
    if (!/ECONNREFUSED|ECONNRESET|Connection is closed/.test(`${(error as NodeJS.ErrnoException).code} ${error.message}`)) options.onError(error);
  });
  worker.on('lockRenewalFailed', (ids) => {
    for (const id of ids) runs.get(id)?.abort(lockLost());
  });
  worker.on('failed', (job, error) => {
    // Without an end it was one attempt of several.
    if (job?.finishedOn === undefined || job.finishedOn === null) return;
    const answer = answerAbandoned({ ...options, leaving }, job, error).catch(options.onError);
    answers.add(answer);
    void answer.finally(() => answers.delete(answer));
  });
}

async function close(worker: Worker, graceMs: number, { capability, onError }: ConsumeOptions, ongoing: Ongoing): Promise<void> {
  const closed = worker.close();
  const over = new AbortController();
  const graceEnd = delay(graceMs, undefined, { signal: over.signal }).then(() => {
    ongoing.leaving.abort();
    for (const controller of ongoing.runs.values()) controller.abort(new HandBackError('The agent stops.'));
  });
  const bound = delay(graceMs + handBackMsMax, 'timeout' as const, { signal: over.signal });
  const outcome = await Promise.race([closed, bound]);
  over.abort();
  await Promise.allSettled([graceEnd, bound]);
  if (outcome === 'timeout') onError(new Error(`The queue of ${capability} did not close in time: its jobs go to other agents when their locks expire.`));
  else await Promise.all(ongoing.answers);
}

function lockLost(): LockLostError {
  return new LockLostError('The lock of the job was lost: another agent may have it.');
}

/** For BullMQ: the message and the stack are what a person sees in the job. */
class AttemptError extends Error {
  readonly delayMs: number;

  constructor({ error, stack, delayMs }: Extract<Verdict, { kind: 'retry' }>) {
    super(`${error.code}: ${error.message}`);
    if (stack !== undefined) this.stack = stack;
    this.delayMs = delayMs;
  }
}

/** Nobody can be replied to where the assignment cannot be read: that job fails at once, with all that is wrong in it. */
function assignmentOf(data: unknown, capability: string): AssignmentMessage {
  const assignment = parseAssignment(data);
  if (!assignment.ok) throw new UnrecoverableError(`BAD_ASSIGNMENT: ${JSON.stringify(assignment.problems)}`);
  const { operation } = assignment.value.payload;
  if (operation !== capability) throw new UnrecoverableError(`BAD_ASSIGNMENT: it asks for ${operation} on the queue of ${capability}.`);
  return assignment.value;
}

function onceCallsOf(
  { redis, prefix, capability, lockMs }: ConsumeOptions,
  job: Job,
  token: string | undefined,
  assignment: AssignmentMessage,
  signal: AbortSignal,
): OnceCalls {
  const keptMs = onceKeptMs(assignment, attemptsMax(job) - job.attemptsMade);
  return createOnceCalls({ redis, prefix, capability, idempotencyKey: idempotencyKeyOf(assignment), job, token, lockMs, keptMs, signal });
}

function refOf({ metadata: { workflow_id, subtask_id, generation } }: AssignmentMessage): ControlRef {
  return { workflowId: workflow_id, subtaskId: subtask_id, generation };
}

function deliveryOf(job: Job): Omit<Delivery, keyof Beginning | 'isLost' | 'controller' | 'beganAt' | 'onceCalls'> {
  return {
    attempt: job.attemptsMade + 1,
    attemptsMax: attemptsMax(job),
    isRedelivered: job.attemptsStarted > 1,
    nextDelayMs: () => jobDelayMs(job, job.attemptsMade + 1),
    progress: (progress) => job.updateProgress(progress),
  };
}

function attemptsMax(job: Job): number {
  return Math.max(1, job.opts.attempts ?? 1);
}

/** Does not count as an attempt, unlike a failure, and does not wait for a stall check, unlike a dead agent. */
async function handBack(job: Job, token: string | undefined): Promise<never> {
  await job.moveToWait(token);
  throw new WaitingError();
}
