/** Capabilities that no agent serves and no workflow asks for any more: since when, and what is left of them in Redis. */
import { readFileSync } from 'node:fs';
import { partitionCount } from '@baton/core';
import type { Queue } from 'bullmq';
import { capabilitiesKey } from './capability-set.ts';
import type { Redis } from './redis.ts';
import { agentsOfKey, treesKey } from './registry.ts';
import { streamKey } from './result-stream.ts';

const forgetScript = readFileSync(new URL('./forget-capability.lua', import.meta.url), 'utf8');
const jobsAtOnceMax = 1_000;
/** Of BullMQ, below a queue's name. With anything in one of these the queue is in use. */
const holdsWork = ['wait', 'active', 'delayed', 'prioritized', 'waiting-children', 'paused', 'completed', 'failed'] as const;
const holdsNone = ['meta', 'id', 'marker', 'events', 'stalled', 'stalled-check', 'limiter', 'pc', 'repeat'] as const;

/** By name: since when it is idle, as a janitor found it. */
export async function readIdle(redis: Redis, prefix: string): Promise<ReadonlyMap<string, number>> {
  const found = await redis.zrange(idleKey(prefix), '0', '-1', 'WITHSCORES');
  return new Map(found.flatMap((name, position) => (position % 2 === 0 ? [[name, Number(found[position + 1])] as const] : [])));
}

export async function markIdle(redis: Redis, prefix: string, capability: string, since: number): Promise<void> {
  await redis.zadd(idleKey(prefix), since, capability);
}

export async function markUsed(redis: Redis, prefix: string, capabilities: readonly string[]): Promise<void> {
  if (capabilities.length > 0) await redis.zrem(idleKey(prefix), ...capabilities);
}

/** Nothing waits, runs, or is to be settled, and nobody has limited it, which would be forgotten with it. */
export async function isIdle(redis: Redis, prefix: string, queue: Queue, capability: string): Promise<boolean> {
  const [jobs, limit, ...replies] = await Promise.all([
    queue.getJobCountByTypes('waiting', 'active', 'delayed', 'prioritized', 'waiting-children'),
    queue.getGlobalConcurrency(),
    ...partitions().map((partition) => redis.xlen(streamKey(prefix, capability, partition))),
  ]);
  return jobs === 0 && limit === null && replies.every((count) => count === 0);
}

/** @returns false: it is used again */
export async function forgetCapability(redis: Redis, prefix: string, queue: Queue, capability: string): Promise<boolean> {
  // What has ended long ago, with everything that BullMQ keeps beside each job.
  for (const state of ['completed', 'failed'] as const) while ((await queue.clean(0, jobsAtOnceMax, state)).length > 0);
  const empty = [...holdsWork.map((name) => queue.toKey(name)), ...partitions().map((partition) => streamKey(prefix, capability, partition))];
  const rest = [...holdsNone.map((name) => queue.toKey(name)), agentsOfKey(prefix, capability), treesKey(prefix, capability)];
  const keys = [capabilitiesKey(prefix), idleKey(prefix), ...empty, ...rest];
  return (await redis.eval(forgetScript, keys.length, ...keys, capability, empty.length)) === 1;
}

function partitions(): readonly number[] {
  return Array.from({ length: partitionCount }, (_, partition) => partition);
}

function idleKey(prefix: string): string {
  return `${prefix}:capabilities.idle`;
}
