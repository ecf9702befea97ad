/** The queues that there are, each opened once: one for every capability that is served or asked for, and the start requests. */
import { capabilityQueue, workflowsQueue } from '@baton/protocol';
import { knownCapabilities, openQueue, type Queue, type Redis } from '@baton/queue';

export function createQueueList(redis: Redis, prefix: string): () => Promise<readonly Queue[]> {
  const opened = new Map<string, Queue>();
  return async () => {
    const capabilities = await knownCapabilities(redis, prefix);
    const names = [workflowsQueue, ...capabilities.toSorted().map(capabilityQueue)];
    for (const name of [...opened.keys()].filter((each) => !names.includes(each))) {
      await opened.get(name)?.close();
      opened.delete(name);
    }
    return names.map((name) => {
      const queue = opened.get(name) ?? openQueue(redis, prefix, name);
      opened.set(name, queue);
      return queue;
    });
  };
}
