/** The process of the producer: takes its order from standard input, runs it, checks every result, and answers with a measurement. */
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { connectRedis } from '@baton/queue';
import { createBatonProducer } from './baton-producer.ts';
import { closedLoop, type LoopResult } from './closed-loop.ts';
import { type Figures, type Measurement, Order } from './measurement.ts';
import { runChecked, WorkflowError } from './producer.ts';
import { createRawProducer } from './raw-producer.ts';
import { quantile } from './statistics.ts';
import { spentBetween, sum, type Usage, usageOf } from './usage.ts';
import { type Workload, workloadOf } from './workload.ts';

const silentMsMax = 60_000;

async function measure(order: Order): Promise<Measurement> {
  const workload = workloadOf(order.case.workload);
  if (workload === null) throw new WorkflowError(`There is no workload "${order.case.workload}".`);
  const create = order.case.system === 'baton' ? createBatonProducer : createRawProducer;
  const producer = await create({ ...order, ...order.case, workload });
  const redis = await connectRedis(order.redisUrl, { name: 'bench-usage' });
  const processes = [...order.processes, { role: 'producer', pid: process.pid }];
  const edges: Promise<Usage>[] = [];
  const result = await closedLoop({
    ...order,
    inFlight: order.case.inFlight,
    run: (n) => runChecked(producer, workload, `w${process.pid}-${n}`),
    onEdge: () => edges.push(usageOf(processes, redis)),
    silentMsMax,
  });
  const [before, after] = (await Promise.all(edges)) as [Usage, Usage];
  await producer.close();
  redis.disconnect();
  return measurementOf(order, workload, result, before, after);
}

function measurementOf(order: Order, workload: Workload, result: LoopResult, before: Usage, after: Usage): Measurement {
  const { completed, checked, windowMs } = result;
  const spent = spentBetween(before, after);
  const subtasks = completed * workload.subtasks;
  const commands = Object.entries(spent.commands).map(
    ([name, { calls, usec }]) => [name, { callsPerSubtask: calls / subtasks, usPerSubtask: usec / subtasks }] as const,
  );
  const roles = Object.entries(spent.cpuMs).map(([role, ms]) => [role, { cpuMsPerWorkflow: ms / completed, rssBytes: after.rssBytes[role] ?? 0 }] as const);
  return {
    case: order.case,
    subtasks: workload.subtasks,
    completed,
    checked,
    windowMs,
    figures: figuresOf(workload, result, spent, after),
    byRole: Object.fromEntries(roles),
    commands: Object.fromEntries(commands),
  };
}

function figuresOf(workload: Workload, { completed, windowMs, latenciesMs }: LoopResult, spent: ReturnType<typeof spentBetween>, after: Usage): Figures {
  const subtasks = completed * workload.subtasks;
  const scripts = ['evalsha', 'eval', 'fcall'].flatMap((name) => spent.commands[name] ?? []);
  const cpuMs = sum(spent.cpuMs);
  return {
    workflowsPerSecond: (completed * 1_000) / windowMs,
    p50Ms: quantile(latenciesMs, 0.5),
    p99Ms: quantile(latenciesMs, 0.99),
    cpuMsPerWorkflow: cpuMs / completed,
    cpuUsPerSubtask: (cpuMs * 1_000) / subtasks,
    redisCpuUsPerSubtask: ((spent.cpuMs['redis'] ?? 0) * 1_000) / subtasks,
    scriptUsPerSubtask: scripts.reduce((total, { usec }) => total + usec, 0) / subtasks,
    scriptsPerSubtask: scripts.reduce((total, { calls }) => total + calls, 0) / subtasks,
    commandsPerSubtask: Object.values(spent.commands).reduce((total, { calls }) => total + calls, 0) / subtasks,
    rssBytes: sum(after.rssBytes),
    redisBytes: after.usedMemoryBytes,
  };
}

const [line] = (await once(createInterface({ input: process.stdin }), 'line')) as [string];
process.stdout.write(`${JSON.stringify(await measure(Order.parse(JSON.parse(line))))}\n`);
// The pipe from the parent and libraries' timers would keep it.
process.exit(0);
