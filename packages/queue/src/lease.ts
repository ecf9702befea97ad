/**
 * Which orchestrator reads which partitions. For locality only: two owners in the moment of a takeover are kept apart by the commit's
 * compare-and-set. One script per turn, by the clock of Redis, so that nobody's clock matters.
 */
import { readFileSync } from 'node:fs';
import { currentSchema, type PartitionLeases, partitionCount } from '@baton/core';
import type { Redis } from './redis.ts';
import { msOf } from './server-time.ts';

const refreshScript = readFileSync(new URL('./refresh-leases.lua', import.meta.url), 'utf8');
const releaseScript = readFileSync(new URL('./release-leases.lua', import.meta.url), 'utf8');

export interface PartitionLeasesOptions {
  readonly redis: Redis;
  readonly prefix: string;
  /** Unique to the process. */
  readonly owner: string;
  /** Refresh about four times as often. */
  readonly leaseMs: number;
  /** Up to which it knows what is in a partition. */
  readonly schemaVersion?: number;
}

export function createPartitionLeases({ redis, prefix, owner, leaseMs, schemaVersion = currentSchema.version }: PartitionLeasesOptions): PartitionLeases {
  const partitions = Array.from({ length: partitionCount }, (_, partition) => ownerKey(prefix, partition));
  const keys = [orchestratorsKey(prefix), partitionSchemasKey(prefix), ...partitions];

  return {
    async refresh(newer = []) {
      const held = (await redis.eval(refreshScript, keys.length, ...keys, owner, leaseMs, schemaVersion, ...newer)) as number[];
      return held.toSorted((left, right) => left - right);
    },
    async release() {
      await redis.eval(releaseScript, keys.length, ...keys, owner, schemaVersion);
    },
  };
}

/** By partition; null: nobody owns it. */
export async function partitionOwners(redis: Redis, prefix: string): Promise<readonly (string | null)[]> {
  return await redis.mget(...Array.from({ length: partitionCount }, (_, partition) => ownerKey(prefix, partition)));
}

export interface SchemaFacts {
  /** Of those that are alive, newest first; empty: none is. */
  readonly orchestrators: readonly number[];
  /** By partition: up to which one must know to work on all that is in it. */
  readonly partitions: readonly number[];
}

/** @param aliveMs how long after its last turn an orchestrator counts as alive */
export async function readSchemas(redis: Redis, prefix: string, aliveMs: number): Promise<SchemaFacts> {
  const [time, stored] = await Promise.all([redis.time(), redis.hgetall(partitionSchemasKey(prefix))]);
  const alive = await redis.zrange(orchestratorsKey(prefix), msOf(time) - aliveMs, '+inf', 'BYSCORE');
  return {
    orchestrators: alive.map((member) => Number(member.split(' ')[1])).toSorted((one, other) => other - one),
    partitions: Array.from({ length: partitionCount }, (_, partition) => Number(stored[partition] ?? 1)),
  };
}

function orchestratorsKey(prefix: string): string {
  return `${prefix}:orchestrators`;
}

function partitionSchemasKey(prefix: string): string {
  return `${prefix}:partition-schemas`;
}

export function ownerKey(prefix: string, partition: number): string {
  return `${prefix}:owner:${partition}`;
}
