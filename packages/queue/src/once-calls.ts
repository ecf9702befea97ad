/**
 * What a handler's calls of `once` have come to: a hash for each idempotency key, under the keys of its capability's queue, which every agent of it may write.
 * **Invariant:** what was kept first counts, whoever comes with another. **Invariant:** it is told what was kept only to the agent that has the job, so
 * that one which has lost it begins nothing more.
 */
import { readFileSync } from 'node:fs';
import { limits } from '@baton/core';
import { type AssignmentMessage, capabilityQueue } from '@baton/protocol';
import { type Job, QueueKeys } from 'bullmq';
import { LockLostError } from './abort-reason.ts';
import type { Redis } from './redis.ts';
import { onceTaken } from './refusal.ts';

const keepScript = readFileSync(new URL('./keep-once.lua', import.meta.url), 'utf8');

export interface OnceCalls {
  /**
   * Before a call: what one with this key has come to, and the keys of all that were kept. One round trip, in which the job's lock is renewed.
   *
   * @throws {LockLostError} if the job is no longer ours
   */
  readonly find: (key: string) => Promise<{ readonly found: string | null; readonly keys: readonly string[] }>;
  /** After a call, also if the job was lost meanwhile. @returns what counts */
  readonly keep: (key: string, text: string) => Promise<string>;
  /** The next attempt waits so long, which may be more than what is kept was meant to last. @returns whether anything is kept */
  readonly outlast: (ms: number) => Promise<boolean>;
  /** After the reply, from which on no attempt begins: soon nobody can ask any more. Costs nothing where nothing was kept or found. */
  readonly expireSoon: () => Promise<void>;
}

export interface OnceCallsOptions {
  readonly redis: Redis;
  readonly prefix: string;
  readonly capability: string;
  readonly idempotencyKey: string;
  readonly job: Pick<Job, 'extendLock'>;
  readonly token: string | undefined;
  readonly lockMs: number;
  /** How long what is kept may be needed. */
  readonly keptMs: number;
  /** The attempt's: how long a Redis that does not take it for now is waited for. */
  readonly signal: AbortSignal;
}

/** For what a job's own limits do not bound: dead agents, and the wait for a free one. */
const slackMs = 60 * 60_000;

/** For one that lost the job while it was in a call, and is about to keep what that came to. */
const afterReplyMs = 60_000;

/** As long as the job may run, with all attempts that it has left, and an hour more. */
export function onceKeptMs({ metadata }: AssignmentMessage, attemptsLeft: number): number {
  return Math.min(attemptsLeft * (metadata.attempt_timeout_ms + limits.backoffMsMax), limits.timeoutMsMax) + slackMs;
}

/** No job has it for its key: the id of a job has no colon, and none of BullMQ's own keys is called `once`. */
export function onceKey(prefix: string, capability: string, idempotencyKey: string): string {
  return new QueueKeys(prefix).toKey(capabilityQueue(capability), `once:${idempotencyKey}`);
}

export function createOnceCalls({ redis, prefix, capability, idempotencyKey, job, token, lockMs, keptMs, signal }: OnceCallsOptions): OnceCalls {
  const calls = onceKey(prefix, capability, idempotencyKey);
  let isUsed = false;
  return {
    async find(key) {
      const look = () => Promise.all([job.extendLock(token ?? '', lockMs), redis.hget(calls, key), redis.hkeys(calls)]);
      const [isOurs, found, keys] = await onceTaken(look, signal);
      if (isOurs !== 1) throw new LockLostError('The lock of the job was lost: another agent may have it.');
      // Not sooner: who has lost the job has no say in it.
      if (found !== null) await redis.pexpire(calls, keptMs);
      isUsed = true;
      return { found, keys };
    },
    async keep(key, text) {
      // The effect is had: it must not be had again because Redis is full for a moment.
      const first = (await onceTaken(() => redis.eval(keepScript, 1, calls, key, text, keptMs), signal)) as string | null;
      return first ?? text;
    },
    async outlast(ms) {
      return (await redis.pexpire(calls, keptMs + ms)) === 1;
    },
    async expireSoon() {
      if (isUsed) await redis.pexpire(calls, afterReplyMs, 'LT');
    },
  };
}
