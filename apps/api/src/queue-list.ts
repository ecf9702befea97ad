/** The queues that there are, each opened once: one for every capability that was ever served or asked for, and the start requests. */
import { capabilityQueue, workflowsQueue } from '@baton/protocol';
import { knownCapabilities, openQueue, type Queue, type Redis } from '@baton/queue';

/** @param prefixes of the shards, each with queues of its own, and start requests in the first */
export function createQueueList(redis: Redis, prefixes: readonly string[]): () => Promise<readonly Queue[]> {
  const opened = new Map<string, Queue>();

  async function openIn(prefix: string, shard: number): Promise<void> {
    const capabilities = (await knownCapabilities(redis, prefix)).toSorted().map(capabilityQueue);
    for (const name of shard === 0 ? [workflowsQueue, ...capabilities] : capabilities) {
      const key = `${prefix}:${name}`;
      if (!opened.has(key)) opened.set(key, openQueue(redis, prefix, name));
    }
  }

  return async () => {
    for (const [shard, prefix] of prefixes.entries()) await openIn(prefix, shard);
    return [...opened.values()];
  };
}
