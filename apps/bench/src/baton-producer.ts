/**
 * Baton as its producers use it. By queue: a job on `workflows`, and the result from the store, as one who has Redis gets it. By HTTP: the typed
 * client for both. That a workflow has ended is learnt from the orchestrator's log (`ending-log.ts`) either way, or, without one, from the store.
 */
import { createClient } from '@baton/client';
import { connectRedis, createStartQueue } from '@baton/queue';
import { createStore } from '@baton/store';
import { typeOf } from './batch.ts';
import { followEndings } from './ending-log.ts';
import { askForEndings } from './ending-store.ts';
import { textOf } from './payload.ts';
import { createWaitingList, type Producer, type ProducerOptions, WorkflowError } from './producer.ts';

const apiTimeoutMs = 60_000;

export async function createBatonProducer(options: ProducerOptions): Promise<Producer> {
  const { start, workload, redisUrl, prefix, logs } = options;
  const type = typeOf(workload);
  const redis = await connectRedis(redisUrl, { name: 'bench-producer' });
  const store = createStore({ redis, prefix });
  const queue = createStartQueue(redis, prefix);
  const client = createClient({ baseUrl: options.apiUrl ?? '', timeoutMs: apiTimeoutMs });
  for (const definition of workload.types) await client.registerType(definition);

  const endings = createWaitingList<string>();
  const sources: readonly { readonly close: () => void | Promise<void> }[] =
    logs.length === 0 ? [askForEndings(store, endings)] : logs.map((log) => followEndings(log, endings.tell));
  const begin = (body: Parameters<typeof client.start>[0]): Promise<unknown> => (start === 'http' ? client.start(body) : queue.enqueue(body));

  async function storedResult(workflowId: string): Promise<unknown> {
    const summary = await store.summary(workflowId);
    return summary !== null && 'result' in summary.state ? summary.state.result : undefined;
  }

  return {
    async run(workflowId) {
      const ended = endings.wait(workflowId);
      await begin({ workflow_id: workflowId, type, params: { ...workload.params(textOf(workflowId)) } as Record<string, never> });
      const status = await ended;
      if (status !== 'completed')
        throw new WorkflowError(`${workload.name} ${workflowId} ${status}: ${JSON.stringify((await store.summary(workflowId))?.state)}`);
      return start === 'http' ? (await client.result(workflowId)).result : await storedResult(workflowId);
    },
    async close() {
      for (const source of sources) await source.close();
      await queue.close();
      redis.disconnect();
    },
  };
}
