/**
 * Where a job stands, read through BullMQ's own commands: its key layout is private and moves between minors, and its state is not in
 * the job's hash. All commands of all refs are written before the first answer is awaited, which is one round trip on the socket.
 */
import type { Payloads } from '@baton/blobs';
import { type JobFacts, type Progress, type Schema, upgraded } from '@baton/core';
import { parseReplyData, schemaVersionOf } from '@baton/protocol';
import type { Job, Queue } from 'bullmq';
import { wholeReplyData } from './by-reference.ts';
import type { Redis } from './redis.ts';

/**
 * A waiting list is a Redis list: finding one job in it costs its length. So the next so many are read once for all refs, and whoever stands
 * further back has no position.
 */
const positionsMax = 1_000;

interface ReadFrom {
  readonly redis: Redis;
  readonly payloads: Payloads;
  readonly schema: Schema;
}

/** Of jobs of one capability, in their order. */
export async function readFacts(from: ReadFrom, queue: Queue, capability: string, jobIds: readonly string[]): Promise<readonly JobFacts[]> {
  const [next, ...read] = await Promise.all([
    // The head is the right end.
    from.redis.lrange(queue.toKey('wait'), -positionsMax, -1),
    ...jobIds.map((jobId) => readJob(from, queue, capability, jobId)),
  ]);
  const positions = new Map(next.toReversed().map((jobId, position) => [jobId, position]));
  return read.map((facts, index) => (facts.state === 'queued' ? { state: 'queued', position: positions.get(jobIds[index] as string) ?? null } : facts));
}

/** The state is asked first: a job that was done by then has its return value in the hash that is read after it. */
async function readJob({ redis, payloads, schema }: ReadFrom, queue: Queue, capability: string, jobId: string): Promise<JobFacts> {
  const [state, job, dueScore] = await Promise.all([
    queue.getJobState(jobId),
    queue.getJob(jobId) as Promise<Job | undefined>,
    redis.zscore(queue.toKey('delayed'), jobId),
  ]);
  if (job === undefined) return { state: 'missing' };
  switch (state) {
    case 'completed': {
      const version = schemaVersionOf(job.returnvalue);
      // Nothing is known of it here: as long as it is with others, it counts as not done.
      if (version > schema.version) return { state: 'queued', position: null };
      const reply = parseReplyData(upgraded(schema, 'reply', version, await wholeReplyData(payloads, job.returnvalue)), capability);
      return { state, report: reply.ok ? reply.value : null };
    }
    case 'failed':
      return { state, reason: job.failedReason ?? 'the job failed without a reason' };
    case 'delayed':
      return { state, until: dueAt(dueScore, job), attemptsMade: job.attemptsMade, lastError: job.failedReason ?? null };
    case 'active':
      return { state, agent: job.processedBy ?? null, attempt: job.attemptsMade + 1, startedAt: job.processedOn ?? null, progress: progressOf(job) };
    case 'unknown':
      // In none of BullMQ's lists: nothing will ever run it (BULLMQ.md, T3).
      return { state: 'missing' };
    case 'waiting':
    case 'prioritized':
    case 'waiting-children':
      return { state: 'queued', position: null };
  }
}

/** The score of a delayed job is its due time in ms, shifted by 12 bits for a sequence number. It is for showing only. */
function dueAt(score: string | null, job: Job): number {
  return score === null ? (job.processedOn ?? job.timestamp) + job.delay : Math.floor(Number(score) / 0x1000);
}

function progressOf({ progress }: Job): Progress | null {
  if (typeof progress !== 'object' || progress === null || !('percent' in progress)) return null;
  const { percent, message } = progress as { percent: unknown; message?: unknown };
  return { percent: Number(percent), message: typeof message === 'string' ? message : null };
}
