/** BullMQ alone: adds flows, those of one turn of the event loop together, and reads results from the stream to which the workers append them. */
import { type FlowJob, FlowProducer } from 'bullmq';
import { Redis } from 'ioredis';
import { createFlowBatch } from './flow-batch.ts';
import { textOf } from './payload.ts';
import { createWaitingList, type Producer, type ProducerOptions, WorkflowError } from './producer.ts';
import { doneStream, rawFirstStep, rawFlow, rawPrefix } from './raw-flow.ts';

const blockMs = 1_000;
const readMax = 1_000;

export async function createRawProducer({ system, workload, redisUrl }: ProducerOptions): Promise<Producer> {
  // As BullMQ's documentation has it, and not as Baton connects.
  const redis = new Redis(redisUrl, { maxRetriesPerRequest: null });
  const blocking = new Redis(redisUrl, { maxRetriesPerRequest: null });
  const flows = new FlowProducer({ connection: redis, prefix: rawPrefix });
  const add = createFlowBatch(flows);
  const results = createWaitingList<string>();
  const stop = new AbortController();
  const following = followResults(blocking, stop.signal, results.tell);

  function flowOf(workflowId: string): FlowJob {
    const flow = (system === 'raw-flow' ? rawFlow : rawFirstStep)(workload.name, workflowId, textOf(workflowId));
    if (flow === null) throw new WorkflowError(`${system} has nothing in place of ${workload.name}.`);
    return flow;
  }

  return {
    async run(workflowId) {
      const ended = results.wait(workflowId);
      await add(flowOf(workflowId));
      return JSON.parse(await ended) as unknown;
    },
    async close() {
      stop.abort();
      await following;
      await flows.close();
      redis.disconnect();
      blocking.disconnect();
    },
  };
}

async function followResults(redis: Redis, signal: AbortSignal, tell: (workflowId: string, result: string) => void): Promise<void> {
  // Not `$`: what came between two reads would be missed.
  let [last] = (await redis.xrevrange(doneStream, '+', '-', 'COUNT', 1))[0] ?? ['0-0'];
  while (!signal.aborted) {
    const [stream] = (await redis.xread('COUNT', readMax, 'BLOCK', blockMs, 'STREAMS', doneStream, last)) ?? [];
    for (const [id, fields] of stream?.[1] ?? []) {
      last = id;
      tell(fields[1] ?? '', fields[3] ?? '');
    }
  }
}
