/** The queues that there are, each opened once: one for every capability that was ever served or asked for, and the start requests. */
import { capabilityQueue, workflowsQueue } from '@baton/protocol';
import { knownCapabilities, openQueue, type Queue, type Redis } from '@baton/queue';

export function createQueueList(redis: Redis, prefix: string): () => Promise<readonly Queue[]> {
  const opened = new Map<string, Queue>();
  return async () => {
    const capabilities = await knownCapabilities(redis, prefix);
    for (const name of [workflowsQueue, ...capabilities.toSorted().map(capabilityQueue)]) {
      if (!opened.has(name)) opened.set(name, openQueue(redis, prefix, name));
    }
    return [...opened.values()];
  };
}
