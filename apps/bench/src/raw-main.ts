/** The processes of raw BullMQ: `worker` does the work of flows and steps; `settler` stands for an engine that keeps no state: it adds the next step. */
import { FlowProducer, type Job, type Processor, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { z } from 'zod';
import { createFlowBatch } from './flow-batch.ts';
import { type Echo, echo, queueCount } from './payload.ts';
import { doneKept, doneStream, rawPrefix, rawStep, type SettleData, settleQueue, type WorkData, workQueue } from './raw-flow.ts';

const Environment = z.object({ BATON_REDIS_URL: z.string(), BATON_CONCURRENCY: z.coerce.number() });

async function done(redis: Redis, workflowId: string, result: Echo): Promise<void> {
  await redis.xadd(doneStream, 'MAXLEN', '~', doneKept, '*', 'id', workflowId, 'result', JSON.stringify(result));
}

/** The root's result is appended before its job is done, as an agent of Baton appends its reply: nothing is lost, and nobody waits for more. */
async function work(redis: Redis, job: Job<WorkData>): Promise<Echo> {
  const { text, workflowId } = job.data;
  const values = text === undefined ? Object.values(await job.getChildrenValues<Echo>()) : [];
  const result = echo(text ?? values[0]?.text ?? '', values.length > 1 ? values.length : 0);
  if (workflowId !== undefined) await done(redis, workflowId, result);
  return result;
}

async function settle(redis: Redis, add: ReturnType<typeof createFlowBatch>, job: Job<SettleData>): Promise<void> {
  const [value] = Object.values(await job.getChildrenValues<Echo>());
  if (value === undefined) throw new Error(`The work of ${job.data.workflowId}, step ${job.data.step}, brought no result.`);
  const step = job.data.step + 1;
  if (step === job.data.steps) await done(redis, job.data.workflowId, value);
  else await add(rawStep({ ...job.data, step }, value.text));
}

async function run(role: string | undefined): Promise<void> {
  const { BATON_REDIS_URL: url, BATON_CONCURRENCY: concurrency } = Environment.parse(process.env);
  // As BullMQ's documentation has it, and not as Baton connects.
  const redis = new Redis(url, { maxRetriesPerRequest: null });
  const options = { connection: redis, prefix: rawPrefix, concurrency };
  const start = (name: string, processor: Processor): Worker => new Worker(name, processor, options).on('error', (error) => process.stderr.write(`${error}\n`));
  const add = createFlowBatch(new FlowProducer({ connection: redis, prefix: rawPrefix }));
  const workers =
    role === 'settler'
      ? [start(settleQueue, (job) => settle(redis, add, job as Job<SettleData>))]
      : Array.from({ length: queueCount }, (_, index) => start(workQueue(index), (job) => work(redis, job as Job<WorkData>)));
  await Promise.all(workers.map((worker) => worker.waitUntilReady()));
  process.once('SIGTERM', () => void Promise.all(workers.map((worker) => worker.close())).finally(() => process.exit(0)));
  process.stdout.write(`${JSON.stringify({ event: 'raw_ready', role })}\n`);
}

await run(process.argv[2]);
