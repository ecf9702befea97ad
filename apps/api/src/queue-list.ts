/** The queues that there are, each opened once: one for every capability that is served or asked for, and the start requests. */
import { capabilityQueue, workflowsQueue } from '@baton/protocol';
import { knownCapabilities, openQueue, type Queue, type Redis } from '@baton/queue';

interface Name {
  readonly key: string;
  readonly prefix: string;
  readonly name: string;
}

/** @param prefixes of the shards, each with queues of its own, and start requests in the first */
export function createQueueList(redis: Redis, prefixes: readonly string[]): () => Promise<readonly Queue[]> {
  const opened = new Map<string, Queue>();

  async function namesIn(prefix: string, shard: number): Promise<readonly Name[]> {
    const capabilities = (await knownCapabilities(redis, prefix)).toSorted().map(capabilityQueue);
    return (shard === 0 ? [workflowsQueue, ...capabilities] : capabilities).map((name) => ({ key: `${prefix}:${name}`, prefix, name }));
  }

  return async () => {
    const names = (await Promise.all(prefixes.map(namesIn))).flat();
    const wanted = new Set(names.map(({ key }) => key));
    for (const key of [...opened.keys()].filter((each) => !wanted.has(each))) {
      await opened.get(key)?.close();
      opened.delete(key);
    }
    return names.map(({ key, prefix, name }) => {
      const queue = opened.get(key) ?? openQueue(redis, prefix, name);
      opened.set(key, queue);
      return queue;
    });
  };
}
