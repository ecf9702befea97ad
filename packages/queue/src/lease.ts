/**
 * Which orchestrator reads which partitions. For locality only: two owners in the moment of a takeover are kept apart by the commit's
 * compare-and-set. One script per turn, by the clock of Redis, so that nobody's clock matters.
 */
import { readFileSync } from 'node:fs';
import { type PartitionLeases, partitionCount } from '@baton/core';
import type { Redis } from './redis.ts';

const refreshScript = readFileSync(new URL('./refresh-leases.lua', import.meta.url), 'utf8');
const releaseScript = readFileSync(new URL('./release-leases.lua', import.meta.url), 'utf8');

export interface PartitionLeasesOptions {
  readonly redis: Redis;
  readonly prefix: string;
  /** Unique to the process. */
  readonly owner: string;
  /** Refresh about four times as often. */
  readonly leaseMs: number;
}

export function createPartitionLeases({ redis, prefix, owner, leaseMs }: PartitionLeasesOptions): PartitionLeases {
  const partitions = Array.from({ length: partitionCount }, (_, partition) => ownerKey(prefix, partition));
  const keys = [`${prefix}:orchestrators`, ...partitions];

  return {
    async refresh() {
      const held = (await redis.eval(refreshScript, keys.length, ...keys, owner, leaseMs)) as number[];
      return held.toSorted((left, right) => left - right);
    },
    async release() {
      await redis.eval(releaseScript, keys.length, ...keys, owner);
    },
  };
}

/** By partition; null: nobody owns it. */
export async function partitionOwners(redis: Redis, prefix: string): Promise<readonly (string | null)[]> {
  return await redis.mget(...Array.from({ length: partitionCount }, (_, partition) => ownerKey(prefix, partition)));
}

export function ownerKey(prefix: string, partition: number): string {
  return `${prefix}:owner:${partition}`;
}
