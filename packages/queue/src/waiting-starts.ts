/**
 * Starts that wait for a place: delayed jobs of the start queue, and beside them, for each thing that starts wait for, a list of their ids in the order in
 * which they were asked for. So a place that becomes free goes to who has waited longest, nobody asks in vain again and again, and what waits for one
 * type holds up no other.
 * **Invariant:** it is the job that is the request. One that the list has lost (who took it from there died) tries again when its delay is over.
 */
import { DelayedError, type Job, type Queue } from 'bullmq';
import { promoteJob } from './queue-handle.ts';
import type { Redis } from './redis.ts';

/** `type/<name>`, `capability/<name>`, `memory/`: what it is that starts wait for. */
export interface WaitsFor {
  readonly limit: 'type' | 'capability' | 'memory';
  readonly of: string;
}

export interface WaitingStarts extends WaitsFor {
  readonly starts: number;
  /** When the first of them was asked for; ms, by the clock of who asked. */
  readonly since: number;
}

/** Nothing is lost meanwhile, it only waits; and each of very many that try again costs something. */
const tryAgainMs = 5 * 60_000;

/** Hands the job back to wait. @throws {DelayedError} always, which tells BullMQ so */
export async function park(redis: Redis, prefix: string, job: Job, token: string | undefined, waitsFor: WaitsFor): Promise<never> {
  // First the job: an id that is taken from the list before its job waits would be taken in vain.
  await job.moveToDelayed(Date.now() + tryAgainMs, token);
  const name = nameOf(waitsFor);
  // In this order: see `takeFirst`.
  await redis.zadd(waitingKey(prefix, name), job.timestamp, String(job.id));
  await redis.sadd(limitsKey(prefix), name);
  throw new DelayedError();
}

/** Lets the first ones of each limit try again, as many as there is room for. @returns what starts wait for still, by name */
export async function release(redis: Redis, prefix: string, queue: Queue, room: (waitsFor: WaitsFor) => Promise<number>): Promise<ReadonlySet<string>> {
  const names = await redis.smembers(limitsKey(prefix));
  for (const name of names) {
    const places = await room(waitsForOf(name));
    if (places > 0) for (const jobId of await takeFirst(redis, prefix, name, places)) await promoteJob(queue, jobId);
  }
  return new Set(names.length === 0 ? [] : await redis.smembers(limitsKey(prefix)));
}

/** Most first. */
export async function readWaitingStarts(redis: Redis, prefix: string): Promise<readonly WaitingStarts[]> {
  const names = await redis.smembers(limitsKey(prefix));
  const waiting = names.map(async (name) => {
    const [starts, first] = await Promise.all([redis.zcard(waitingKey(prefix, name)), redis.zrange(waitingKey(prefix, name), '0', '0', 'WITHSCORES')]);
    return { ...waitsForOf(name), starts, since: Number(first[1] ?? 0) };
  });
  return (await Promise.all(waiting)).filter(({ starts }) => starts > 0).toSorted((one, other) => other.starts - one.starts);
}

export function nameOf({ limit, of }: WaitsFor): string {
  return `${limit}/${of}`;
}

async function takeFirst(redis: Redis, prefix: string, name: string, count: number): Promise<readonly string[]> {
  const taken = (await redis.zpopmin(waitingKey(prefix, name), count)).filter((_, position) => position % 2 === 0);
  if (taken.length < count) {
    await redis.srem(limitsKey(prefix), name);
    // One that was parked in between: who parks writes the list first, so either is seen here or written after this.
    if ((await redis.zcard(waitingKey(prefix, name))) > 0) await redis.sadd(limitsKey(prefix), name);
  }
  return taken;
}

function waitsForOf(name: string): WaitsFor {
  const slash = name.indexOf('/');
  return { limit: name.slice(0, slash) as WaitsFor['limit'], of: name.slice(slash + 1) };
}

function limitsKey(prefix: string): string {
  return `${prefix}:starts`;
}

function waitingKey(prefix: string, name: string): string {
  return `${prefix}:starts:${name}`;
}
