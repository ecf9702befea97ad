/** An attempt without Redis: a delivery by hand, and what came of it. */
import { assignmentMessage, parseReply } from '@baton/protocol';
import type { Delivery, Verdict } from '@baton/queue';
import { exampleAssignment } from '@baton/testkit';
import { z } from 'zod';
import { type AttemptOptions, attempt } from './attempt.ts';
import type { Capability } from './define-agent.ts';
import type { AgentLogger, HandlerContext } from './handler-context.ts';

export const fine = { uri: 'file:///sales.json' };
export const schemas = { input: z.object({ path: z.string() }), output: z.object({ uri: z.string() }) };
export type Handler = (input: { path: string }, context: HandlerContext) => unknown;

interface Run {
  readonly verdict: Verdict;
  readonly lines: readonly Record<string, unknown>[];
  readonly retries: readonly string[];
}

export function delivery(change: Partial<Delivery> = {}): Delivery {
  const assignment = exampleAssignment();
  return {
    assignment: assignmentMessage(assignment, 'wf_1~fetch~1'),
    attempt: 1,
    attemptsMax: 3,
    isRedelivered: false,
    isHeld: false,
    isBlocked: false,
    isLost: false,
    agesFrom: assignment.issuedAt,
    beganAt: Date.now(),
    controller: new AbortController(),
    onceCalls: callsInMemory(),
    nextDelayMs: () => 70,
    progress: async () => {},
    ...change,
  };
}

/** What was kept, by key; a test looks into it, or tells it what another attempt has kept. */
export function callsInMemory(kept: Map<string, string> = new Map()): Delivery['onceCalls'] {
  return {
    find: async (key) => ({ found: kept.get(key) ?? null, keys: [...kept.keys()] }),
    async keep(key, text) {
      if (!kept.has(key)) kept.set(key, text);
      return kept.get(key) as string;
    },
    outlast: async () => false,
    expireSoon: async () => {},
  };
}

export async function run(handler: Handler, given: Delivery = delivery(), capability: Partial<Capability> = {}, now: () => number = Date.now): Promise<Run> {
  const lines: Record<string, unknown>[] = [];
  const retries: string[] = [];
  const options: AttemptOptions = {
    agent: 'data-agent-01',
    capability: { ...schemas, handler, ...capability },
    logger: recorder(lines, {}),
    onRetry: (name, reason) => retries.push(`${name} ${reason}`),
    now,
  };
  return { verdict: await attempt(given, options), lines, retries };
}

function recorder(lines: Record<string, unknown>[], bound: Record<string, unknown>): AgentLogger {
  const log = (fields: object): void => void lines.push({ ...bound, ...fields });
  return { debug: log, info: log, warn: log, error: log, child: (fields) => recorder(lines, { ...bound, ...fields }) };
}

/** The reply as the engine will read it. */
export function reportOf({ verdict }: Run) {
  if (verdict.kind !== 'reply') throw new Error(`The verdict is ${verdict.kind}.`);
  const reply = parseReply(JSON.stringify(verdict.reply));
  if (!reply.ok) throw new Error(JSON.stringify(reply.problems));
  return reply.value;
}

/** A time by which the assignment has expired. */
export const late = () => Date.now() + 60_001;

/** Rejects with anything, as JavaScript may. */
export function rejection(reason: unknown): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>();
  reject(reason);
  return promise;
}
