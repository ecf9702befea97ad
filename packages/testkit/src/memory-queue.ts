/**
 * The queue's ports in memory, with agents that a test plays: it takes assignments, answers them, answers twice, or never.
 * Not here: leases (a simulation has as many orchestrators as it says) and time, of which it only knows what `now` tells.
 */
import assert from 'node:assert/strict';
import {
  type CapabilityFacts,
  type DispatchRef,
  dispatchId,
  type JobFacts,
  type Progress,
  type ReceivedReply,
  type ReplyReader,
  type RetryPolicy,
  type SubtaskQueue,
  type Tree,
  type WebhookDelivery,
} from '@baton/core';
import { type AssignmentMessage, assignmentMessage, parseReply, type ReplyMessage, resultStream } from '@baton/protocol';
import { beginningOf } from './memory-inputs.ts';
import { createMemoryReader, type Entry } from './memory-reader.ts';
import type { TakenAssignment } from './queue-world.ts';

interface MemoryJob {
  readonly assignment: AssignmentMessage;
  readonly retry: RetryPolicy;
  attemptsMade: number;
  facts: JobFacts;
  /** In a tree: ids of the input jobs that are not done, what the others have brought, and the job that waits for this one. */
  readonly open: Set<string>;
  readonly brought: ReplyMessage[];
  readonly above: string | null;
}

/** A memory queue's agents are told, beside that, from when the time to live runs. */
export interface MemoryTaken extends TakenAssignment {
  readonly agesFrom: number;
}

export interface MemoryQueue extends SubtaskQueue {
  reader(): ReplyReader;
  /** The longest waiting assignment for the capability (any, without one), as an agent of that id would take it. */
  take(capability?: string, agent?: string): MemoryTaken | null;
  /** Puts an entry into a result stream as it is. */
  append(capability: string, partition: number, raw: string): void;
  /** From now on so many agents serve the capability. */
  serve(capability: string, agents: number): void;
  /** What was handed over for delivery, by id. */
  readonly notified: ReadonlyMap<string, WebhookDelivery>;
  /** What readers rejected. */
  readonly dead: readonly ReceivedReply[];
  /** How often each job id was asked to be added. */
  readonly dispatched: ReadonlyMap<string, number>;
  /** How many replies stand in the streams. */
  unsettled(): number;
  /** BullMQ forgets the job: after its retention, or because somebody removed it. */
  forget(jobId: string): void;
  /** The agent that has the job is dead: another gets it, at the same attempt. */
  abandon(jobId: string): void;
  /** The capabilities of what may be taken now, longest waiting first. */
  waitingFor(): readonly string[];
  /** How often and after how long the job is tried again. */
  retryOf(jobId: string): RetryPolicy;
  /** When the first of those that wait for their next attempt may be taken; null: none waits. */
  nextDelayedAt(): number | null;
}

function idOf({ workflowId, subtaskId, generation }: Pick<DispatchRef, 'workflowId' | 'subtaskId' | 'generation'>): string {
  return dispatchId(workflowId, subtaskId, generation);
}

/** @param agents how many serve a capability of which nobody said how many */
export function createMemoryQueue(now: () => number = Date.now, agents = 1): MemoryQueue {
  const jobs = new Map<string, MemoryJob>();
  const waiting: string[] = [];
  const dispatched = new Map<string, number>();
  const streams = new Map<string, Entry[]>();
  const dead: ReceivedReply[] = [];
  const notified = new Map<string, WebhookDelivery>();
  const limits = new Map<string, number>();
  const serving = new Map<string, number>();
  const wakes = new Set<() => void>();
  let appended = 0;

  function append(capability: string, partition: number, raw: string): void {
    const stream = resultStream(capability, partition);
    appended += 1;
    streams.set(stream, [...(streams.get(stream) ?? []), { id: `${now()}-${appended}`, raw }]);
    for (const wake of wakes) wake();
  }

  function add({ assignment, inputs }: Tree, above: string | null = null): void {
    const id = idOf(assignment);
    dispatched.set(id, (dispatched.get(id) ?? 0) + 1);
    if (!jobs.has(id)) {
      jobs.set(id, {
        assignment: assignmentMessage(assignment, id),
        retry: assignment.retry,
        attemptsMade: 0,
        facts: { state: 'queued', position: null },
        open: new Set(inputs.map((input) => idOf(input.assignment))),
        brought: [],
        above,
      });
      if (inputs.length === 0) waiting.push(id);
    }
    for (const input of inputs) add(input, id);
  }

  /** The job is done, well or not: what stands behind it alone may begin. */
  function release(id: string, reply: ReplyMessage | null): void {
    const aboveId = jobs.get(id)?.above ?? null;
    const above = aboveId === null ? undefined : jobs.get(aboveId);
    if (aboveId === null || above === undefined || !above.open.delete(id)) return;
    if (reply !== null) above.brought.push(reply);
    if (above.open.size === 0) waiting.push(aboveId);
  }

  const capabilityOf = (id: string): string | undefined => jobs.get(id)?.assignment.payload.operation;
  const queuedOf = (capability: string): readonly string[] => waiting.filter((id) => capabilityOf(id) === capability && jobs.get(id)?.facts.state === 'queued');

  function factsOf(capability: string): CapabilityFacts {
    const active = [...jobs.values()].filter((job) => job.facts.state === 'active' && job.assignment.payload.operation === capability).length;
    return { capability, agents: serving.get(capability) ?? agents, queued: queuedOf(capability).length, active, limit: limits.get(capability) ?? null };
  }

  function mayRun(capability: string): boolean {
    const limit = limits.get(capability);
    return limit === undefined || factsOf(capability).active < limit;
  }

  function jobFacts(ref: DispatchRef): JobFacts {
    const id = idOf(ref);
    const facts = jobs.get(id)?.facts ?? { state: 'missing' };
    if (facts.state !== 'queued') return facts;
    const position = queuedOf(ref.capability).indexOf(id);
    return { state: 'queued', position: position < 0 ? null : position };
  }

  function isDue(id: string): boolean {
    const facts = jobs.get(id)?.facts;
    return facts?.state !== 'delayed' || facts.until <= now();
  }

  function take(capability?: string, agent = 'memory-agent'): MemoryTaken | null {
    const index = waiting.findIndex((id) => (capability === undefined || capabilityOf(id) === capability) && isDue(id) && mayRun(capabilityOf(id) as string));
    const job = index < 0 ? undefined : jobs.get(waiting.splice(index, 1)[0] as string);
    if (job === undefined) return null;
    const startedAt = now();
    const activate = (progress: Progress | null): void => {
      job.facts = { state: 'active', agent, attempt: job.attemptsMade + 1, startedAt, progress };
    };
    activate(null);
    const { payload, metadata, message_id: id } = job.assignment;
    const reply = async (message: ReplyMessage): Promise<void> => append(payload.operation, metadata.partition, JSON.stringify(message));
    return {
      ...beginningOf(job.assignment, job.brought),
      attempt: job.attemptsMade + 1,
      reply,
      progress: async (progress) => activate(progress),
      async finish(message) {
        const parsed = parseReply(JSON.stringify(message), payload.operation);
        job.facts = { state: 'completed', report: parsed.ok ? parsed.value : null };
        release(id, message);
      },
      async retryLater(reason, delayMs) {
        assert(job.attemptsMade + 1 < job.retry.attempts, `The last attempt at ${id} cannot be retried.`);
        job.attemptsMade += 1;
        job.facts = { state: 'delayed', until: now() + delayMs, attemptsMade: job.attemptsMade, lastError: reason };
        waiting.push(id);
      },
      async fail(reason) {
        job.facts = { state: 'failed', reason };
        release(id, null);
      },
    };
  }

  return {
    take,
    append,
    dead,
    dispatched,
    async dispatch(trees) {
      for (const tree of trees) add(tree);
    },
    async facts(refs) {
      return refs.map(jobFacts);
    },
    async notify(deliveries) {
      for (const delivery of deliveries) if (!notified.has(delivery.id)) notified.set(delivery.id, delivery);
    },
    async limitConcurrency(capability, limit) {
      if (limit === null) limits.delete(capability);
      else limits.set(capability, limit);
    },
    async capabilities(names) {
      return names.map(factsOf);
    },
    serve: (capability, count) => void serving.set(capability, count),
    notified,
    reader: () => createMemoryReader(streams, dead, wakes),
    unsettled: () => [...streams.values()].reduce((sum, entries) => sum + entries.length, 0),
    forget(jobId) {
      release(jobId, null);
      jobs.delete(jobId);
      const index = waiting.indexOf(jobId);
      if (index >= 0) waiting.splice(index, 1);
    },
    abandon(jobId) {
      const job = jobs.get(jobId);
      if (job?.facts.state !== 'active') return;
      job.facts = { state: 'queued', position: null };
      waiting.unshift(jobId);
    },
    waitingFor: () => [...new Set(waiting.filter(isDue).map((id) => capabilityOf(id) as string))].filter(mayRun),
    retryOf(jobId) {
      const job = jobs.get(jobId);
      assert(job !== undefined, `There is no job ${jobId}.`);
      return job.retry;
    },
    nextDelayedAt() {
      const times = waiting.flatMap((id) => {
        const facts = jobs.get(id)?.facts;
        return facts?.state === 'delayed' ? [facts.until] : [];
      });
      return times.length === 0 ? null : Math.min(...times);
    },
  };
}
