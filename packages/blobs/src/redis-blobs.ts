/**
 * Blobs in Redis, the default: one hash for each workflow, `blob:<workflow id>`, with a field for each SHA-256. One key, so that the commit which lets a
 * workflow's record expire, or keeps it, does the same with all of its blobs, and knows none of them.
 * **Invariant:** a hash that no commit has referred to yet expires by itself: what an agent put there before it died, or for a workflow that was gone, stays for
 * no longer than a job may.
 */
import { readFileSync } from 'node:fs';
import { type BlobStore, limits } from '@baton/core';
import { BlobStoreError } from './blob-store-error.ts';
import type { Redis } from './redis.ts';

const keepScript = readFileSync(new URL('./keep-blob.lua', import.meta.url), 'utf8');
const unreferredMs = limits.timeoutMsMax + 24 * 60 * 60_000;

export interface RedisBlobsOptions {
  /** Shared with whoever, and never closed. */
  readonly redis: Redis;
  /** A hash tag, like `{baton:0}`. */
  readonly prefix: string;
}

export function blobsKey(prefix: string, workflowId: string): string {
  return `${prefix}:blob:${workflowId}`;
}

export function createRedisBlobs({ redis, prefix }: RedisBlobsOptions): BlobStore {
  return {
    goesWithRecord: true,
    async put(workflowId, sha256, text) {
      const key = blobsKey(prefix, workflowId);
      // The question is short, the text is not.
      if ((await answer(redis.hexists(key, sha256))) === 1) return;
      await answer(redis.eval(keepScript, 1, key, sha256, text, unreferredMs));
    },
    get: (workflowId, sha256) => answer(redis.hget(blobsKey(prefix, workflowId), sha256)),
    async purge(workflowId) {
      await answer(redis.unlink(blobsKey(prefix, workflowId)));
    },
  };
}

async function answer<Value>(reply: Promise<Value>): Promise<Value> {
  try {
    return await reply;
  } catch (cause) {
    const { name, message } = cause as Error;
    if (name === 'ReplyError') throw new BlobStoreError('REFUSED', `Redis refused a blob: ${message}`, { cause });
    throw new BlobStoreError('UNREACHABLE', `Redis does not answer: ${message}`, { cause });
  }
}
