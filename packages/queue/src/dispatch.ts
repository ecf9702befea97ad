/**
 * The engine's side of the queues: assignments into BullMQ, those of one call in one write (trees with inputs: `flow.ts`), and what is asked and said about them.
 * **Invariant:** the job id is the dispatch's id, so a dispatch that is added twice is one job for as long as BullMQ keeps it.
 */
import {
  type Assignment,
  assignmentsOf,
  currentSchema,
  type DispatchRef,
  dispatchId,
  type JobFacts,
  type Schema,
  type SubtaskQueue,
  type Tree,
  type WebhookDelivery,
} from '@baton/core';
import { assignmentMessage, capabilityQueue, webhooksQueue } from '@baton/protocol';
import type { JobsOptions, Queue } from 'bullmq';
import { LRUCache } from 'lru-cache';
import { limitConcurrency, readCapability } from './capability-facts.ts';
import { announceCapabilities } from './capability-set.ts';
import { keptJobs } from './finished-jobs.ts';
import { createFlows } from './flow.ts';
import { readFacts } from './job-facts.ts';
import { createOpenQueues } from './open-queues.ts';
import type { Redis } from './redis.ts';
import { onLost } from './redis-client.ts';
import { policyBackoff } from './retry-policy.ts';
import { webhookJob } from './webhook.ts';

/** Which capabilities are known to be announced. Said again from time to time, as one that nobody had to do with for long may be forgotten. */
const [announcedMax, announcedMs] = [10_000, 60_000];

export interface SubtaskQueueOptions {
  readonly redis: Redis;
  readonly prefix: string;
  /** Under which it writes assignments and notifications: that of this code, but in tests. */
  readonly schema?: Schema;
}

export function createSubtaskQueue({ redis, prefix, schema = currentSchema }: SubtaskQueueOptions): SubtaskQueue & { readonly close: () => Promise<void> } {
  const queues = createOpenQueues(redis, prefix);
  const jobOf = (assignment: Assignment) => jobUnder(schema, assignment);
  const flows = createFlows({ redis, prefix, jobOf });
  const announced = new LRUCache<string, true>({ max: announcedMax, ttl: announcedMs });
  // Behind a broken connection may be a Redis that has lost its last second.
  const unwatch = onLost(redis, () => announced.clear());
  const queueOf = (capability: string): Queue => queues.get(capabilityQueue(capability));

  async function announce(capabilities: readonly string[]): Promise<void> {
    const unseen = capabilities.filter((capability) => !announced.has(capability));
    await announceCapabilities(redis, prefix, unseen);
    for (const capability of unseen) announced.set(capability, true);
  }

  async function dispatch(trees: readonly Tree[]): Promise<void> {
    const [plain, inFlows] = [trees.filter(({ inputs }) => inputs.length === 0), trees.filter(({ inputs }) => inputs.length > 0)];
    const capabilities = new Set(trees.flatMap(assignmentsOf).map(({ capability }) => capability));
    // Before the jobs: whoever reads replies must know the stream by the time that one is in it.
    await announce([...capabilities]);
    // A flow knows nothing of the options of its queues: each of them, once opened, sees to its own.
    for (const capability of capabilities) queueOf(capability);
    // One by one, which the connection sends at once: a bulk add makes a pipeline, and that costs more than the jobs in it.
    await Promise.all([...plain.map(({ assignment }) => add(queueOf(assignment.capability), jobOf(assignment))), flows.add(inFlows)]);
  }

  async function facts(refs: readonly DispatchRef[]): Promise<readonly JobFacts[]> {
    const byCapability = Map.groupBy(refs, ({ capability }) => capability);
    const read = await Promise.all(
      [...byCapability].map(([capability, group]) => readFacts(redis, queueOf(capability), capability, group.map(jobIdOf), schema)),
    );
    const found = new Map([...byCapability.values()].flatMap((group, position) => group.map((ref, index) => [ref, read[position]?.[index]] as const)));
    return refs.map((ref) => found.get(ref) ?? { state: 'missing' });
  }

  async function notify(deliveries: readonly WebhookDelivery[]): Promise<void> {
    await queues.get(webhooksQueue).addBulk(deliveries.map((delivery) => webhookJob(delivery, schema.version)));
  }

  async function close(): Promise<void> {
    unwatch();
    await Promise.all([queues.close(), flows.close()]);
  }

  return {
    dispatch,
    facts,
    notify,
    async limitConcurrency(capability, limit) {
      await announce([capability]);
      await limitConcurrency(redis, queueOf(capability), limit);
    },
    capabilities: (names) => Promise.all(names.map((name) => readCapability(redis, prefix, queueOf(name), name))),
    close,
  };
}

function jobIdOf({ workflowId, subtaskId, generation }: Pick<DispatchRef, 'workflowId' | 'subtaskId' | 'generation'>): string {
  return dispatchId(workflowId, subtaskId, generation);
}

async function add(queue: Queue, { name, data, opts }: ReturnType<typeof jobUnder>): Promise<void> {
  await queue.add(name, data, opts);
}

function jobUnder({ version }: Schema, assignment: Assignment): { readonly name: string; readonly data: unknown; readonly opts: JobsOptions } {
  const jobId = jobIdOf(assignment);
  return {
    name: assignment.capability,
    data: assignmentMessage(assignment, jobId, version),
    opts: { jobId, attempts: assignment.retry.attempts, backoff: policyBackoff(assignment.retry), stackTraceLimit: 1, ...keptJobs },
  };
}
