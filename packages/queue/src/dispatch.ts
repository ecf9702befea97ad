/**
 * Assignments into BullMQ, one pipelined bulk add per capability.
 * **Invariant:** the job id is the dispatch's id, so a dispatch that is added twice is one job for as long as BullMQ keeps it.
 */
import assert from 'node:assert/strict';
import { type Assignment, dispatchId, type JobFacts, type SubtaskQueue, type Tree } from '@baton/core';
import { assignmentMessage, capabilityQueue } from '@baton/protocol';
import type { JobsOptions, Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { announceCapabilities } from './capability-set.ts';
import { readFacts } from './job-facts.ts';
import { openQueue } from './queue-handle.ts';
import { policyBackoff } from './retry-policy.ts';

/** Never at once: a dispatch replayed from the outbox must find the job that it has added before (BULLMQ.md, T7). */
const kept = {
  removeOnComplete: { age: 3_600, count: 1_000 },
  removeOnFail: { age: 86_400, count: 1_000 },
} as const;

export interface SubtaskQueueOptions {
  readonly redis: Redis;
  readonly prefix: string;
}

export function createSubtaskQueue({ redis, prefix }: SubtaskQueueOptions): SubtaskQueue & { readonly close: () => Promise<void> } {
  const queues = new Map<string, Queue>();

  function queueOf(capability: string): Queue {
    let queue = queues.get(capability);
    if (queue === undefined) {
      queue = openQueue(redis, prefix, capabilityQueue(capability));
      queues.set(capability, queue);
    }
    return queue;
  }

  async function dispatch(trees: readonly Tree[]): Promise<void> {
    const inFlow = trees.find(({ inputs }) => inputs.length > 0);
    assert(inFlow === undefined, `Subtask ${inFlow?.assignment.subtaskId} comes as a tree with inputs: this queue takes single subtasks only.`);
    const byCapability = Map.groupBy(trees, ({ assignment }) => assignment.capability);
    // Before the jobs: whoever reads replies must know the stream by the time that one is in it.
    const unseen = [...byCapability.keys()].filter((capability) => !queues.has(capability));
    await announceCapabilities(redis, prefix, unseen);
    await Promise.all([...byCapability].map(([capability, group]) => queueOf(capability).addBulk(group.map(({ assignment }) => job(assignment)))));
  }

  async function facts(refs: Parameters<SubtaskQueue['facts']>[0]): Promise<readonly JobFacts[]> {
    return await Promise.all(refs.map((ref) => readFacts(redis, queueOf(ref.capability), dispatchId(ref.workflowId, ref.subtaskId, ref.generation))));
  }

  async function close(): Promise<void> {
    await Promise.all([...queues.values()].map((queue) => queue.close()));
  }

  return { dispatch, facts, close };
}

function job(assignment: Assignment): { name: string; data: unknown; opts: JobsOptions } {
  const jobId = dispatchId(assignment.workflowId, assignment.subtaskId, assignment.generation);
  return {
    name: assignment.capability,
    data: assignmentMessage(assignment, jobId),
    opts: { jobId, attempts: assignment.retry.attempts, backoff: policyBackoff(assignment.retry), stackTraceLimit: 1, ...kept },
  };
}
