/** Flows that are added in one turn of the event loop go to Redis together: what raw BullMQ gains from that, it shall have. */
import type { FlowJob, FlowProducer } from 'bullmq';

/** Jobs of one `MULTI`; beyond a few hundred Redis is held up for too long. */
const jobsMax = 400;

/** @returns adds a flow; resolves when its batch is in Redis */
export function createFlowBatch(producer: FlowProducer): (flow: FlowJob) => Promise<void> {
  let waiting: FlowJob[] = [];
  let added: Promise<void> | null = null;

  async function flush(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    const flows = waiting;
    [waiting, added] = [[], null];
    await Promise.all(chunks(flows).map((chunk) => producer.addBulk(chunk)));
  }

  return (flow) => {
    waiting.push(flow);
    added ??= flush();
    return added;
  };
}

function chunks(flows: readonly FlowJob[]): readonly FlowJob[][] {
  const result: FlowJob[][] = [];
  let jobs = Number.POSITIVE_INFINITY;
  for (const flow of flows) {
    if (jobs >= jobsMax) {
      result.push([]);
      jobs = 0;
    }
    result.at(-1)?.push(flow);
    jobs += jobsOf(flow);
  }
  return result;
}

function jobsOf({ children = [] }: FlowJob): number {
  return children.reduce((sum, child) => sum + jobsOf(child), 1);
}
