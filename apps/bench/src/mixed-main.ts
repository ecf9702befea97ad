/**
 * The process that keeps chains and maps in flight while orchestrators come and go. It takes its order from standard input, and goes on until a
 * second line comes; then it waits for what is in flight, and answers with how many results were checked. All must end, and all as they should.
 */
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { createBatonProducer } from './baton-producer.ts';
import { keepInFlight } from './closed-loop.ts';
import { type MixedLoad, MixedOrder } from './mixed-order.ts';
import { runChecked, WorkflowError } from './producer.ts';
import { type Workload, workloadOf } from './workload.ts';

const silentMsMax = 60_000;

async function load(order: MixedOrder, isOver: () => boolean): Promise<MixedLoad> {
  const workloads = Object.entries(order.inFlight).map(([name, inFlight]) => {
    const workload = workloadOf(name);
    if (workload === null) throw new WorkflowError(`There is no workload "${name}".`);
    return { workload, inFlight };
  });
  const loads = workloads.map(async ({ workload, inFlight }) => [workload.name, await keep(order, workload, inFlight, isOver)] as const);
  return Object.fromEntries(await Promise.all(loads));
}

async function keep(order: MixedOrder, workload: Workload, inFlight: number, isOver: () => boolean): Promise<MixedLoad[string]> {
  const producer = await createBatonProducer({ ...order, system: 'baton', start: 'queue', workload, logs: [] });
  let [checked, longestMs] = [0, 0];
  const run = async (n: number): Promise<void> => {
    const startedAt = performance.now();
    await runChecked(producer, workload, `${workload.name}-${process.pid}-${n}`);
    checked += 1;
    longestMs = Math.max(longestMs, performance.now() - startedAt);
  };
  await keepInFlight({ inFlight, run, isOver, silentMsMax });
  await producer.close();
  return { checked, longestMs };
}

const input = createInterface({ input: process.stdin });
const [line] = (await once(input, 'line')) as [string];
let isStopped = false;
input.once('line', () => (isStopped = true));
process.stdout.write(`${JSON.stringify(await load(MixedOrder.parse(JSON.parse(line)), () => isStopped))}\n`);
// The pipe from the parent would keep it.
process.exit(0);
