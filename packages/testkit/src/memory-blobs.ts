/** The port `BlobStore` in memory. */
import type { BlobStore } from '@baton/core';

export interface MemoryBlobs extends BlobStore {
  /** By workflow and hash: a test may look, take away and spoil. */
  readonly texts: Map<string, Map<string, string>>;
}

export function createMemoryBlobs(): MemoryBlobs {
  const texts = new Map<string, Map<string, string>>();
  return {
    goesWithRecord: false,
    texts,
    async put(workflowId, sha256, text) {
      const own = texts.get(workflowId) ?? new Map<string, string>();
      texts.set(workflowId, own);
      own.set(sha256, text);
    },
    get: async (workflowId, sha256) => texts.get(workflowId)?.get(sha256) ?? null,
    async purge(workflowId) {
      texts.delete(workflowId);
    },
  };
}
