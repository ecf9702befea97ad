/**
 * The shards of a deployment: each is a prefix with a hash tag of its own, so that all of it lies in one slot, and no command ever needs two.
 * Shard 0 has the deployment's own prefix, and what there is only once: the start queue, the secret, the number of shards.
 */
import { readFileSync } from 'node:fs';
import { exitCodes } from '@baton/protocol';
import { generateMulti } from 'cluster-key-slot';
import type { Redis as Server } from 'ioredis';
import { capabilitiesKey } from './capability-set.ts';
import type { Redis } from './redis.ts';
import { serverOfSlot } from './redis-client.ts';

const shardsScript = readFileSync(new URL('./shards.lua', import.meta.url), 'utf8');
const slotCount = 16_384;
export const keySlot = (key: string): number => generateMulti([key]);

/** The deployment was created with another number of shards: most of its workflows would not be found. */
export class ShardsError extends Error {
  readonly code = 'OTHER_SHARDS';
  readonly exitCode = exitCodes.badInput;
}

/**
 * The prefixes of the shards, in their order: the same for the same number of shards, always. A tag is chosen so that its slot lies in the shard's own
 * part of all slots, as if these were dealt out to as many nodes as there are shards: whatever number of nodes there is, each gets its share.
 */
export function shardPrefixes(prefix: string, shards: number): readonly string[] {
  const stem = prefix.slice(1, -1).replace(/:0$/, '');
  const part = (tag: string): number => Math.floor((keySlot(tag) * shards) / slotCount);
  const home = part(prefix);
  return Array.from({ length: shards }, (_, shard) => {
    if (shard === 0) return prefix;
    for (let attempt = 0; ; attempt += 1) {
      const tag = `{${stem}:${shard}${attempt === 0 ? '' : `.${attempt}`}}`;
      if (part(tag) === (home + shard) % shards) return tag;
    }
  });
}

/**
 * Call before anything else. The first orchestrator or API of a deployment writes down how many shards it has.
 *
 * @throws {ShardsError} where it has another number of them
 */
export async function openShards(redis: Redis, prefix: string, shards: number): Promise<readonly string[]> {
  const keys = [shardsKey(prefix), capabilitiesKey(prefix), `${prefix}:types`];
  return agreed(prefix, shards, Number(await redis.eval(shardsScript, keys.length, ...keys, shards)));
}

/**
 * The same for agents, which only read: one that comes first takes its own word for it.
 *
 * @throws {ShardsError} where the deployment has another number of them
 */
export async function findShards(redis: Redis, prefix: string, shards: number): Promise<readonly string[]> {
  return agreed(prefix, shards, Number((await redis.get(shardsKey(prefix))) ?? shards));
}

function shardsKey(prefix: string): string {
  return `${prefix}:shards`;
}

function agreed(prefix: string, shards: number, written: number): readonly string[] {
  if (written === shards) return shardPrefixes(prefix, shards);
  throw new ShardsError(
    `The deployment ${prefix} has ${written === 1 ? 'one shard' : `${written} shards`}, which is fixed: set BATON_SHARDS=${written} (${shards} was given), or another BATON_PREFIX for a new deployment.`,
  );
}

/** The server that has the shard, as far as this process knows. */
export function serverOf(redis: Redis, prefix: string): Server {
  const server = serverOfSlot(redis, keySlot(prefix));
  if (server === undefined) throw new Error(`No node of the cluster is known to have the slot of ${prefix}.`);
  return server;
}

/** Whether commands on keys of the shard can be sent now. A node of a cluster to which nothing was sent yet is connected to, and is up from then on. */
export function isShardUp(redis: Redis, prefix: string): boolean {
  const server = redis.status === 'ready' ? serverOfSlot(redis, keySlot(prefix)) : undefined;
  if (server?.status === 'wait') server.connect().catch(() => {});
  return server?.status === 'ready';
}
