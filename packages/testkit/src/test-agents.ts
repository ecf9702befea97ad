/**
 * The agents of a test workflow: handlers and mocks, called as the worker kit calls them, in virtual time. What a handler throws means what it
 * means there; errors are told apart by name, so that handlers need not know that they are in a test.
 */
import { type Feedback, type Json, type JsonObject, type Outcome, retryDelayMs, type Usage } from '@baton/core';
import { feedbackOf, replyMessage } from '@baton/protocol';
import type { Fault } from './fault.ts';
import type { MemoryQueue, MemoryTaken } from './memory-queue.ts';
import type { MemoryStore } from './memory-store.ts';
import type { TakenAssignment } from './queue-world.ts';
import { createTestOnce, type Once } from './test-once.ts';

/** What a handler gets beside its input: what `@baton/worker` gives it. */
export interface TestContext {
  readonly signal: AbortSignal;
  readonly progress: (percent: number, message?: string) => void;
  readonly logger: TestLogger;
  readonly attempt: number;
  readonly repair: Feedback | null;
  readonly idempotencyKey: string;
  readonly once: Once;
  readonly workflowId: string;
  readonly subtaskId: string;
}

export interface TestLogger {
  debug(fields: object, message?: string): void;
  info(fields: object, message?: string): void;
  warn(fields: object, message?: string): void;
  error(fields: object, message?: string): void;
  child(fields: Record<string, unknown>): TestLogger;
}

export type TestHandler = (input: never, context: TestContext) => unknown;

/** One attempt that an agent began. */
export interface Call {
  readonly capability: string;
  readonly input: JsonObject;
  readonly attempt: number;
  readonly workflowId: string;
  readonly subtaskId: string;
  /** Virtual, in ms since the epoch. */
  readonly at: number;
}

export interface TestAgents {
  readonly calls: readonly Call[];
  /** Does everything that can be done now. @returns whether there was anything */
  work(): Promise<boolean>;
  /** When somebody is done, or a lock expires; null: nobody has anything. */
  nextAt(): number | null;
}

export interface TestAgentsWorld {
  readonly queue: MemoryQueue;
  readonly store: MemoryStore;
  readonly now: () => number;
  /** By capability; null: nobody serves it. */
  readonly agents: Readonly<Record<string, TestHandler | null>>;
  readonly faults: Readonly<Record<string, Fault | readonly Fault[]>>;
}

/** As the worker kit's defaults have it. */
const lockMs = 30_000;
const stallsMax = 3;
const silent: TestLogger = { debug() {}, info() {}, warn() {}, error() {}, child: () => silent };

/** What one attempt came to, before it is told to anybody. */
type Ending = Outcome | { readonly status: 'thrown'; readonly code: string; readonly message: string; readonly delayMs?: number };

export function createTestAgents({ queue, store, now, agents, faults }: TestAgentsWorld): TestAgents {
  const calls: Call[] = [];
  const later: { readonly at: number; readonly act: () => Promise<void> | void }[] = [];
  const stalls = new Map<string, number>();
  const onceOf = createTestOnce();

  /** How often the capability was called, this call included, decides which faults are on. */
  function faultsOf(capability: string, number: number): { readonly [Kind in Fault['kind']]?: Extract<Fault, { kind: Kind }> } {
    const on = [faults[capability] ?? []].flat().filter((fault) => !('times' in fault) || number <= fault.times);
    return Object.fromEntries(on.map((fault) => [fault.kind, fault]));
  }

  async function begin(taken: MemoryTaken, number: number): Promise<void> {
    const { assignment, attempt } = taken;
    const { payload, metadata, message_id } = assignment;
    const capability = payload.operation;
    const agent = `${capability}-agent-${number}`;
    const startedAt = now();
    const reply = async (outcome: Outcome, isTwice = false): Promise<void> => {
      const message = replyMessage(assignment, { outcome, execution: { agent, attempt, startedAt, finishedAt: now() } });
      await taken.reply(message);
      if (isTwice) await taken.reply(message);
      await taken.finish(message);
    };
    if (flagsOf(taken).length > 0) return await reply({ status: 'held' });
    if (taken.isBlocked) return await reply({ status: 'blocked' });
    if (attempt === 1 && !stalls.has(message_id) && startedAt > taken.agesFrom + metadata.ttl_ms) {
      return await reply(failure('ASSIGNMENT_EXPIRED', 'No agent was free in time.'));
    }
    const input = payload.parameters as JsonObject;
    calls.push({ capability, input, attempt, workflowId: metadata.workflow_id, subtaskId: metadata.subtask_id, at: startedAt });
    const fault = faultsOf(capability, calls.filter((each) => each.capability === capability).length);
    if (fault.crash !== undefined) return void later.push({ at: startedAt + lockMs, act: () => stall(taken, reply) });

    const ending = fault.fail === undefined ? await call(taken, input) : { status: 'thrown' as const, code: fault.fail.code, message: 'An injected failure.' };
    const told = fault.garbage !== undefined && ending.status === 'completed' ? { ...ending, result: fault.garbage.value } : ending;
    const tookMs = fault.slow?.ms ?? 0;
    const timeoutMs = metadata.attempt_timeout_ms;
    const isLate = tookMs > timeoutMs;
    const end = isLate ? { status: 'thrown' as const, code: 'ATTEMPT_TIMEOUT', message: `The attempt took longer than its ${timeoutMs} ms.` } : told;
    if (tookMs === 0) return await tell(taken, end, (outcome) => reply(outcome, fault.duplicate !== undefined));
    later.push({ at: startedAt + Math.min(tookMs, timeoutMs), act: () => tell(taken, end, (outcome) => reply(outcome, fault.duplicate !== undefined)) });
  }

  async function stall({ assignment }: TakenAssignment, reply: (outcome: Outcome) => Promise<void>): Promise<void> {
    const id = assignment.message_id;
    stalls.set(id, (stalls.get(id) ?? 0) + 1);
    if ((stalls.get(id) as number) <= stallsMax) return queue.abandon(id);
    await reply(failure('AGENT_LOST', `${stallsMax} agents died of it.`));
  }

  async function call({ assignment, attempt }: TakenAssignment, input: JsonObject): Promise<Ending> {
    const { payload, metadata, message_id: idempotencyKey } = assignment;
    const handler = agents[payload.operation] as TestHandler;
    const { workflow_id: workflowId, subtask_id: subtaskId } = metadata;
    const context = {
      signal: new AbortController().signal,
      progress: () => {},
      logger: silent,
      attempt,
      repair: feedbackOf(assignment),
      idempotencyKey,
      once: onceOf(idempotencyKey),
      workflowId,
      subtaskId,
    };
    try {
      return answered(await handler(input as never, context));
    } catch (thrown) {
      return endingOf(thrown);
    }
  }

  async function tell(taken: TakenAssignment, ending: Ending, reply: (outcome: Outcome) => Promise<void>): Promise<void> {
    if (flagsOf(taken).some((flag) => flag.startsWith('cancelled:') && Number(flag.slice('cancelled:'.length)) <= now())) {
      return await reply(failure('CANCELLED', 'The workflow was cancelled.'));
    }
    if (ending.status !== 'thrown') return await reply(ending);
    const policy = queue.retryOf(taken.assignment.message_id);
    if (taken.attempt >= policy.attempts) return await reply(failure(ending.code, ending.message));
    await taken.retryLater(`${ending.code}: ${ending.message}`, ending.delayMs ?? retryDelayMs(policy, taken.attempt, 0));
  }

  function flagsOf({ assignment: { metadata } }: TakenAssignment): readonly string[] {
    const flags = store.control(metadata.workflow_id);
    return [flags.get('*'), flags.get(`${metadata.subtask_id}~${metadata.generation}`)].filter((flag) => flag !== undefined);
  }

  let taken = 0;
  async function takeOne(): Promise<boolean> {
    const capability = queue.waitingFor().find((name) => agents[name] !== null);
    if (capability === undefined) return false;
    if (agents[capability] === undefined) throw new Error(`No agent serves "${capability}": name one in "agents", or null if nobody is to serve it.`);
    const job = queue.take(capability, 'test-agent');
    if (job === null) return false;
    taken += 1;
    await begin(job, taken);
    return true;
  }

  return {
    calls,
    async work() {
      let isWorking = await takeOne();
      for (const each of later.filter(({ at }) => at <= now())) {
        later.splice(later.indexOf(each), 1);
        await each.act();
        isWorking = true;
      }
      return isWorking;
    },
    nextAt: () => (later.length === 0 ? null : Math.min(...later.map(({ at }) => at))),
  };
}

function failure(code: string, message: string): Outcome {
  return { status: 'failed', error: { code, message } };
}

/** What a handler returned: its output, or what the kit's `answer` makes of it. Through JSON and back, as on the wire. */
function answered(returned: unknown): Ending {
  const { output, extras } = isAnswer(returned) ? returned : { output: returned, extras: {} };
  const { contextUpdate } = extras;
  return JSON.parse(JSON.stringify({ status: 'completed', result: output ?? null, ...(contextUpdate && { contextUpdate }) })) as Outcome;
}

interface Answer {
  readonly output: Json;
  readonly extras: { readonly contextUpdate?: JsonObject; readonly usage?: Usage };
}

function isAnswer(value: unknown): value is Answer {
  return typeof value === 'object' && value !== null && value.constructor?.name === 'AnswerWith';
}

function endingOf(thrown: unknown): Ending {
  const { name, message, code, retryAfterMs } = (thrown instanceof Error ? thrown : new Error(String(thrown))) as Error & {
    code?: string;
    retryAfterMs?: number;
  };
  const failed = { code: code ?? 'HANDLER_FAILED', message };
  if (name === 'NonRetryableError') return { status: 'failed', error: failed };
  if (name === 'AgentOverloadedError') return { status: 'overloaded', retryAfterMs: retryAfterMs ?? 0 };
  return { status: 'thrown', ...failed, ...(name === 'RetryAfterError' && retryAfterMs !== undefined && { delayMs: retryAfterMs }) };
}
