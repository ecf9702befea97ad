/**
 * Which definitions are known to be stored, so that a create need not bring its own along. Known for an hour only, which shortens a definition's
 * week of slack by as much; and only while the connection holds, since behind a broken one may be a Redis that has lost its last second.
 */

import { LRUCache } from 'lru-cache';
import type { Redis } from './redis.ts';

const definitionsMax = 10_000;
const knownMs = 60 * 60_000;

export type StoredDefinitions = Pick<LRUCache<string, true>, 'has' | 'set'>;

const ofConnection = new WeakMap<Redis, StoredDefinitions>();

/** By key. Stores on one connection share what they know. */
export function storedDefinitions(redis: Redis): StoredDefinitions {
  const known = ofConnection.get(redis);
  if (known !== undefined) return known;
  // The clock by name, not the one that lru-cache took at its import, and asked each time: a test sets it.
  const stored = new LRUCache<string, true>({ max: definitionsMax, ttl: knownMs, ttlResolution: 0, perf: performance });
  // Of a cluster: that of any node.
  for (const lost of ['close', '-node']) redis.on(lost, () => stored.clear());
  ofConnection.set(redis, stored);
  return stored;
}
