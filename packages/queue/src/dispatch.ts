/**
 * The engine's side of the queues: assignments into BullMQ, those of one call in one write (trees with inputs: `flow.ts`), and what is asked and said about them.
 * **Invariant:** the job id is the dispatch's id, so a dispatch that is added twice is one job for as long as BullMQ keeps it.
 */
import type { Payloads } from '@baton/blobs';
import {
  type Assignment,
  assignmentsOf,
  currentSchema,
  type DispatchRef,
  dispatchId,
  type JobFacts,
  limits,
  type Schema,
  type SubtaskQueue,
  type Tree,
  type WebhookDelivery,
} from '@baton/core';
import { assignmentMessage, capabilityQueue, type SentAssignment, webhooksQueue } from '@baton/protocol';
import type { JobsOptions, Queue } from 'bullmq';
import { LRUCache } from 'lru-cache';
import { type BlobStoreOption, payloadsIn } from './blob-store-option.ts';
import { sentAssignment } from './by-reference.ts';
import { limitConcurrency, readCapability } from './capability-facts.ts';
import { announceCapabilities } from './capability-set.ts';
import { keptJobs } from './finished-jobs.ts';
import { createFlows } from './flow.ts';
import { readFacts } from './job-facts.ts';
import { createOpenQueues } from './open-queues.ts';
import { onLost } from './redis-client.ts';
import { policyBackoff } from './retry-policy.ts';
import { webhookJob } from './webhook.ts';

/** Which capabilities are known to be announced. Said again from time to time, as one that nobody had to do with for long may be forgotten. */
const [announcedMax, announcedMs] = [10_000, 60_000];

export interface SubtaskQueueOptions extends BlobStoreOption {
  /** Under which it writes assignments and notifications: that of this code, but in tests. */
  readonly schema?: Schema;
}

export function createSubtaskQueue(options: SubtaskQueueOptions): SubtaskQueue & { readonly close: () => Promise<void> } {
  const { redis, prefix, schema = currentSchema } = options;
  const payloads = payloadsIn(options);
  const queues = createOpenQueues(redis, prefix);
  const long = longAssignments(payloads, schema);
  const jobOf = (assignment: Assignment) => jobUnder(schema, assignment, long.sent(assignment));
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
    const assignments = trees.flatMap(assignmentsOf);
    const capabilities = new Set(assignments.map(({ capability }) => capability));
    await long.keep(assignments);
    // Before the jobs: whoever reads replies must know the stream by the time that one is in it.
    await announce([...capabilities]);
    // A flow knows nothing of the options of its queues: each of them, once opened, sees to its own.
    for (const capability of capabilities) queueOf(capability);
    // One by one, which the connection sends at once: a bulk add makes a pipeline, and that costs more than the jobs in it.
    await Promise.all([...plain.map(({ assignment }) => add(queueOf(assignment.capability), jobOf(assignment))), flows.add(inFlows)]);
  }

  const factsOf = (capability: string, refs: readonly DispatchRef[]) =>
    readFacts({ redis, payloads, schema }, queueOf(capability), capability, refs.map(jobIdOf));

  async function notify(deliveries: readonly WebhookDelivery[]): Promise<void> {
    await queues.get(webhooksQueue).addBulk(deliveries.map((delivery) => webhookJob(delivery, schema.version)));
  }

  async function close(): Promise<void> {
    unwatch();
    await Promise.all([queues.close(), flows.close()]);
  }

  return {
    dispatch,
    facts: (refs) => factsByCapability(refs, factsOf),
    notify,
    async limitConcurrency(capability, limit) {
      await announce([capability]);
      await limitConcurrency(redis, queueOf(capability), limit);
    },
    capabilities: (names) => Promise.all(names.map((name) => readCapability(redis, prefix, queueOf(name), name))),
    close,
  };
}

/** In the order of the refs; of each capability read together. */
async function factsByCapability(
  refs: readonly DispatchRef[],
  factsOf: (capability: string, refs: readonly DispatchRef[]) => Promise<readonly JobFacts[]>,
): Promise<readonly JobFacts[]> {
  const byCapability = Map.groupBy(refs, ({ capability }) => capability);
  const read = await Promise.all([...byCapability].map(([capability, group]) => factsOf(capability, group)));
  const found = new Map([...byCapability.values()].flatMap((group, position) => group.map((ref, index) => [ref, read[position]?.[index]] as const)));
  return refs.map((ref) => found.get(ref) ?? { state: 'missing' });
}

function jobIdOf({ workflowId, subtaskId, generation }: Pick<DispatchRef, 'workflowId' | 'subtaskId' | 'generation'>): string {
  return dispatchId(workflowId, subtaskId, generation);
}

async function add(queue: Queue, { name, data, opts }: AddedJob): Promise<void> {
  await queue.add(name, data, opts);
}

interface LongAssignments {
  /** What in them is over the inline limit. */
  keep(assignments: readonly Assignment[]): Promise<void>;
  /** In place of one that is long, once that is kept. */
  sent(assignment: Assignment): SentAssignment | undefined;
}

function longAssignments(payloads: Payloads, { version }: Schema): LongAssignments {
  const sent = new WeakMap<Assignment, SentAssignment>();
  return {
    async keep(assignments) {
      const long = assignments.filter(isLong);
      await Promise.all(long.map(async (each) => sent.set(each, await sentAssignment(payloads, assignmentMessage(each, jobIdOf(each), version)))));
    },
    sent: (assignment) => sent.get(assignment),
  };
}

/** May there be something in it that goes out of line? Without looking at what is short. */
function isLong({ parametersBytes, repair }: Assignment): boolean {
  const repairBytes = repair === undefined ? 0 : Buffer.byteLength(JSON.stringify(repair));
  return parametersBytes + repairBytes > limits.inlineBytesMax;
}

interface AddedJob {
  readonly name: string;
  readonly data: unknown;
  readonly opts: JobsOptions;
}

function jobUnder({ version }: Schema, assignment: Assignment, sent: SentAssignment | undefined): AddedJob {
  const jobId = jobIdOf(assignment);
  return {
    name: assignment.capability,
    data: sent ?? assignmentMessage(assignment, jobId, version),
    opts: { jobId, attempts: assignment.retry.attempts, backoff: policyBackoff(assignment.retry), stackTraceLimit: 1, ...keptJobs },
  };
}
