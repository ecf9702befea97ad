/**
 * Looks after the queues of capabilities whose agents are all gone: BullMQ looks for jobs that were left alone, and begins the next attempt of those that
 * wait for one, only from a worker of the same queue (BULLMQ.md, T9). What an agent left goes back to waiting, so that everybody sees it wait and the next
 * agent takes it at once; what was left too often is answered as lost; a capability that nobody has used for days is forgotten.
 * **Invariant:** who holds the lock of a job keeps it: a janitor does what another worker of the queue would, so beside one, or two at once, it changes nothing.
 */
import { currentSchema } from '@baton/core';
import { capabilityQueue, parseAssignment, replyMessage, schemaVersionOf } from '@baton/protocol';
import type { Queue } from 'bullmq';
import { knownCapabilities } from './capability-set.ts';
import type { ConsumeOptions } from './consume.ts';
import { forgetCapability, isIdle, markIdle, markUsed, readIdle } from './forgotten-capability.ts';
import { answerAbandoned } from './job-reply.ts';
import { lostFailure, stallsMaxDefault } from './lost.ts';
import { openQueue, promoteJob } from './queue-handle.ts';
import type { Redis } from './redis.ts';
import { agentsOf } from './registry.ts';
import { takeTurn } from './turn.ts';

export interface JanitorOptions {
  readonly redis: Redis;
  readonly prefix: string;
  /** So often one of all janitors makes its round. */
  readonly everyMs: number;
  /** How often a job may be left alone; as of agents. */
  readonly stallsMax?: number;
  /** How long a capability may be idle before it is forgotten. */
  readonly idleMsMax?: number;
  /** ms since the epoch. */
  readonly now: () => number;
  /** What concerns one job; the others are looked after all the same. */
  readonly onError: (error: Error) => void;
}

/** What a round did for one capability. Only of those for which it did anything. */
export interface Tidied {
  readonly capability: string;
  /** Went back to waiting: their agents died, or their next attempt was due. */
  readonly putBack: number;
  /** Were left alone too often, and answered as lost. */
  readonly givenUp: number;
  readonly isForgotten: boolean;
}

export interface Janitor {
  /** Null: it was another one's turn. */
  round(): Promise<readonly Tidied[] | null>;
}

const idleMsMaxDefault = 7 * 24 * 60 * 60_000;
/** Of each queue and round; what was left alone is put at the head. */
const jobsMax = 100;
/** BullMQ lets nobody else look for so long: shorter than any agent's own interval. */
const stalledCheckMs = 100;
/** As a name in the record. */
const janitorName = 'janitor';

export function createJanitor(options: JanitorOptions): Janitor {
  const { redis, prefix, everyMs, now, idleMsMax = idleMsMaxDefault } = options;

  async function tidy(capability: string, idleSince: number | undefined): Promise<Tidied> {
    const queue = openQueue(redis, prefix, capabilityQueue(capability));
    try {
      const putBack = (await putBackStalled(queue, options)) + (await promoteDue(redis, queue, now()));
      const givenUp = await giveUp(queue, capability, options);
      const isUnused = await isIdle(redis, prefix, queue, capability);
      if (!isUnused) await markUsed(redis, prefix, [capability]);
      else if (idleSince === undefined) await markIdle(redis, prefix, capability, now());
      const isDue = isUnused && idleSince !== undefined && now() - idleSince >= idleMsMax;
      return { capability, putBack, givenUp, isForgotten: isDue && (await forgetCapability(redis, prefix, queue, capability)) };
    } finally {
      await queue.close();
    }
  }

  return {
    async round() {
      // Not given back: it is what spaces the rounds. A round that takes longer has another one beside it, which harms nothing.
      if (!(await takeTurn(redis, prefix, 'janitor', everyMs))) return null;
      const [known, idle] = await Promise.all([knownCapabilities(redis, prefix), readIdle(redis, prefix)]);
      const agents = await Promise.all(known.map((capability) => agentsOf(redis, prefix, capability)));
      const isServed = (_: string, index: number): boolean => (agents[index] ?? 0) > 0;
      await markUsed(
        redis,
        prefix,
        known.filter(isServed).filter((capability) => idle.has(capability)),
      );
      const tidied: Tidied[] = [];
      // One after the other: there is no hurry, and there may be many.
      for (const capability of known.filter((name, index) => !isServed(name, index))) tidied.push(await tidy(capability, idle.get(capability)));
      return tidied.filter(({ putBack, givenUp, isForgotten }) => putBack > 0 || givenUp > 0 || isForgotten);
    },
  };
}

/** BullMQ's own script: marks what is active, and puts back what was marked at the last look and has no lock now. */
async function putBackStalled(queue: Queue, { stallsMax = stallsMaxDefault }: JanitorOptions): Promise<number> {
  Object.assign(queue.opts, { maxStalledCount: stallsMax, stalledInterval: stalledCheckMs });
  return (await queue.getBackend().moveStalledJobsToWait()).length;
}

async function promoteDue(redis: Redis, queue: Queue, now: number): Promise<number> {
  // BullMQ's score is when a job is due, with twelve bits more for its place among those of that time.
  const due = await redis.zrangebyscore(queue.toKey('delayed'), 0, (now + 1) * 0x1000 - 1, 'LIMIT', 0, jobsMax);
  const promoted = await Promise.all(due.map((jobId) => promoteJob(queue, jobId)));
  return promoted.filter(Boolean).length;
}

/** BullMQ marks what was left alone too often, and leaves it to the next worker to say so. */
async function giveUp(queue: Queue, capability: string, { redis, prefix, everyMs, now, onError }: JanitorOptions): Promise<number> {
  const first = await redis.lrange(queue.toKey('wait'), -jobsMax, -1);
  const reasons = await Promise.all(first.map((jobId) => redis.hget(queue.toKey(jobId), 'defa')));
  const lost = first.flatMap((jobId, index) => (reasons[index] ? [{ jobId, reason: reasons[index] }] : []));
  const onAbandoned: ConsumeOptions['onAbandoned'] = (assignment, attempt, why) =>
    replyMessage(assignment, {
      outcome: { status: 'failed', error: lostFailure(assignment, why) },
      execution: { agent: janitorName, attempt: Math.max(1, attempt), startedAt: now(), finishedAt: now() },
    });
  let givenUp = 0;
  for (const { jobId, reason } of lost) {
    const job = await queue.getJob(jobId);
    // What nobody can read is answered by nobody: the doctor shows it when an agent has come to it. What is newer is a newer one's to answer.
    if (job === undefined || !parseAssignment(job.data).ok || schemaVersionOf(job.data) > currentSchema.version) continue;
    await answerAbandoned({ redis, prefix, capability, leaving: { signal: AbortSignal.timeout(everyMs) }, onAbandoned, onError }, job, new Error(reason));
    // Answered, it is of no more use: what stands behind it in a tree is released, and finds that it has brought nothing. An agent that took it meanwhile keeps it.
    await queue.remove(jobId, { removeChildren: false });
    givenUp += 1;
  }
  return givenUp;
}
