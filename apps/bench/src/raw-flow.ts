/**
 * The same work on BullMQ alone, as people would write it who need no engine: the whole workflow as one flow, or one small flow per step.
 * A job has one parent, so a diamond is drawn as far as it is a tree: `topics` does not wait for `clean`, and of the items of the fan-out only
 * the first waits for `split`. That is less waiting than Baton does, never more.
 */
import type { FlowJob, JobsOptions } from 'bullmq';
import { queueCount } from './payload.ts';

export const rawPrefix = '{raw:0}';
/** The stream where a producer learns, with the result, that a workflow has ended. */
export const doneStream = `${rawPrefix}:done`;
export const doneKept = 10_000;
export const settleQueue = 'settle';
export const workQueue = (index: number): string => `c${index % queueCount}`;

export interface WorkData {
  /** Where there are children, the text comes from them. */
  readonly text?: string;
  /** On the root: whose result it makes. */
  readonly workflowId?: string;
}

export interface SettleData {
  readonly workflowId: string;
  /** From 0. */
  readonly step: number;
  readonly steps: number;
}

/** As Baton keeps its jobs. */
const opts: JobsOptions = { attempts: 3, removeOnComplete: { age: 3_600, count: 1_000 }, removeOnFail: { age: 86_400, count: 1_000 } };

const chainSteps = 5;
const fanWidth = 100;

function leaf(at: number, text: string): FlowJob {
  const data: WorkData = { text };
  return { name: 'work', queueName: workQueue(at), data, opts };
}

function after(at: number, children: FlowJob[]): FlowJob {
  return { name: 'work', queueName: workQueue(at), data: {}, opts, children };
}

const flows: Readonly<Record<string, (text: string) => FlowJob>> = {
  chain: (text) => Array.from({ length: chainSteps - 1 }, (_, index) => index + 1).reduce((child, at) => after(at, [child]), leaf(0, text)),
  fanout: (text) => after(2, [after(1, [leaf(0, text)]), ...Array.from({ length: fanWidth - 1 }, () => leaf(1, text))]),
  diamond: (text) => after(4, [after(2, [after(1, [leaf(0, text)])]), leaf(3, text)]),
};

/** The workflow as one flow, or null where it is no tree. */
export function rawFlow(workload: string, workflowId: string, text: string): FlowJob | null {
  const flow = Object.hasOwn(flows, workload) ? flows[workload]?.(text) : undefined;
  return flow === undefined ? null : { ...flow, data: { ...(flow.data as WorkData), workflowId } satisfies WorkData };
}

/** One step of a chain: the settle job that goes on with the next one waits for the work. */
export function rawStep(data: SettleData, text: string): FlowJob {
  const child = leaf(data.step, text);
  return { name: 'settle', queueName: settleQueue, data, opts, children: [{ ...child, opts: { ...opts, continueParentOnFailure: true } }] };
}

/** The first step of the chain, or null where the workload is none. */
export function rawFirstStep(workload: string, workflowId: string, text: string): FlowJob | null {
  return workload === 'chain' ? rawStep({ workflowId, step: 0, steps: chainSteps }, text) : null;
}
