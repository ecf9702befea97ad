/** All result streams of the owned partitions in one call, on a connection of its own, because it blocks. */
import { setTimeout as delay } from 'node:timers/promises';
import { childCapability, currentSchema, type ReplyReader, type Schema } from '@baton/core';
import { type BlobStoreOption, payloadsIn } from './blob-store-option.ts';
import { knownCapabilities } from './capability-set.ts';
import { rejectReplies } from './dead-letters.ts';
import type { Redis } from './redis.ts';
import { duplicateOf, onAnew, silentMsMax } from './redis-client.ts';
import { createCursors } from './reply-cursors.ts';
import { readReplies, removeReplies, streamKey } from './result-stream.ts';

const capabilitiesRefreshMs = 1_000;

export interface ReplyReaderOptions extends BlobStoreOption {
  /** For all but the blocking read. */
  readonly redis: Redis;
  readonly prefix: string;
  /** Up to which it reads replies: that of this code, but in tests. */
  readonly schema?: Schema;
}

export function createReplyReader(options: ReplyReaderOptions): ReplyReader & { readonly close: () => Promise<void> } {
  const { redis, prefix, schema = currentSchema } = options;
  const payloads = payloadsIn(options);
  // Its reads are short: whether Redis is there is seen as soon as on the shared one.
  const blocking = duplicateOf(redis, 'replies', silentMsMax);
  const cursors = createCursors();
  const closing = new AbortController();
  let owned: readonly number[] = [];
  const capabilities = watchCapabilities(redis, prefix);
  let ownership = new AbortController();

  // Redis may come back with less than we have read, from its append-only file or as another primary.
  onAnew(blocking, cursors.rewind);
  // The shared connection's observer reports the outage; this one has the same.
  blocking.on('error', () => {});

  function follow(): void {
    cursors.follow(capabilities.known().flatMap((capability) => owned.map((partition) => streamKey(prefix, capability, partition))));
  }

  return {
    async read(blockMs) {
      if (await capabilities.refresh()) follow();
      // Not longer than until the next look at the capabilities: the first reply of a new one shall not wait for the end of a block.
      const waitMs = Math.min(blockMs, capabilitiesRefreshMs);
      if (cursors.positions.size === 0) {
        await pause(waitMs, AbortSignal.any([closing.signal, ownership.signal]));
        return [];
      }
      const take = cursors.begin();
      try {
        return take(await readReplies({ redis: blocking, payloads, schema }, cursors.positions, waitMs));
      } catch (error) {
        if (closing.signal.aborted) return [];
        throw error;
      }
    },
    remove: (replies) => removeReplies(redis, replies),
    reject: (replies) => rejectReplies(redis, prefix, replies),
    rewind: cursors.rewind,
    own(partitions) {
      owned = [...partitions];
      follow();
      ownership.abort();
      ownership = new AbortController();
    },
    async close() {
      closing.abort();
      blocking.disconnect();
    },
  };
}

/** Looks again when a second has passed; `refresh` says whether it did. */
function watchCapabilities(redis: Redis, prefix: string): { readonly known: () => readonly string[]; readonly refresh: () => Promise<boolean> } {
  // Child workflows answer by commits, not by agents that would announce it.
  let known: readonly string[] = [childCapability];
  let refreshedAt = Number.NEGATIVE_INFINITY;
  return {
    known: () => known,
    async refresh() {
      if (performance.now() - refreshedAt < capabilitiesRefreshMs) return false;
      known = [childCapability, ...(await knownCapabilities(redis, prefix))];
      refreshedAt = performance.now();
      return true;
    },
  };
}

/** Until the time is up or the signal says so. */
async function pause(waitMs: number, signal: AbortSignal): Promise<void> {
  if (waitMs > 0) await delay(waitMs, undefined, { signal }).catch(() => {});
}
