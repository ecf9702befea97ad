/** Who starts workflows and waits for their results: one for Baton, one for raw BullMQ, in a process of their own (`producer-main.ts`). */

import { textOf } from './payload.ts';
import type { SystemName } from './system.ts';
import { resultProblem, type Workload } from './workload.ts';

export const startNames = ['queue', 'http'] as const;
export type StartName = (typeof startNames)[number];

export interface Producer {
  /** Starts it, and resolves with its result when it has ended. */
  run(workflowId: string): Promise<unknown>;
  close(): Promise<void>;
}

export interface ProducerOptions {
  readonly system: SystemName;
  readonly start: StartName;
  readonly workload: Workload;
  readonly redisUrl: string;
  readonly prefix: string;
  readonly apiUrl: string | null;
  /** Where the orchestrators write to; none: the store is asked what has ended. */
  readonly logs: readonly string[];
}

export class WorkflowError extends Error {
  readonly code = 'WORKFLOW_WENT_WRONG';
}

/** @throws {WorkflowError} when it did not result in what it should */
export async function runChecked(producer: Producer, workload: Workload, workflowId: string): Promise<void> {
  const problem = resultProblem(workload, workflowId, textOf(workflowId), await producer.run(workflowId));
  if (problem !== null) throw new WorkflowError(problem);
}

/** Those who wait for something, by its name. */
export interface WaitingList<T> {
  readonly wait: (name: string) => Promise<T>;
  readonly tell: (name: string, what: T) => void;
  /** What is waited for. */
  readonly names: () => readonly string[];
}

export function createWaitingList<T>(): WaitingList<T> {
  const waiting = new Map<string, (what: T) => void>();
  return {
    wait: (name) => new Promise((resolve) => waiting.set(name, resolve)),
    tell(name, what) {
      const resolve = waiting.get(name);
      waiting.delete(name);
      resolve?.(what);
    },
    names: () => [...waiting.keys()],
  };
}
