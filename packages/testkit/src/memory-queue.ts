/**
 * The queue's ports in memory, with agents that a test plays: it takes assignments, answers them, answers twice, or never.
 * Not here: leases (a simulation has as many orchestrators as it says) and time, of which it only knows what `now` tells.
 */
import assert from 'node:assert/strict';
import { dispatchId, type JobFacts, type Progress, type ReceivedReply, type ReplyReader, type SubtaskQueue, type Tree } from '@baton/core';
import { type AssignmentMessage, assignmentMessage, parseReply, type ReplyMessage, resultStream } from '@baton/protocol';
import type { TakenAssignment } from './queue-contract.ts';

interface MemoryJob {
  readonly assignment: AssignmentMessage;
  readonly attempts: number;
  attemptsMade: number;
  facts: JobFacts;
}

interface Entry {
  readonly id: string;
  readonly raw: string;
}

export interface MemoryQueue extends SubtaskQueue {
  reader(): ReplyReader;
  /** The longest waiting assignment for the capability (any, without one), as an agent of that id would take it. */
  take(capability?: string, agent?: string): TakenAssignment | null;
  /** Puts an entry into a result stream as it is. */
  append(capability: string, partition: number, raw: string): void;
  /** What readers rejected. */
  readonly dead: readonly ReceivedReply[];
  /** How often each job id was asked to be added. */
  readonly dispatched: ReadonlyMap<string, number>;
  /** How many replies stand in the streams. */
  unsettled(): number;
  /** BullMQ forgets the job: after its retention, or because somebody removed it. */
  forget(jobId: string): void;
}

export function createMemoryQueue(now: () => number = Date.now): MemoryQueue {
  const jobs = new Map<string, MemoryJob>();
  const waiting: string[] = [];
  const dispatched = new Map<string, number>();
  const streams = new Map<string, Entry[]>();
  const dead: ReceivedReply[] = [];
  const wakes = new Set<() => void>();
  let appended = 0;

  function append(capability: string, partition: number, raw: string): void {
    const stream = resultStream(capability, partition);
    appended += 1;
    streams.set(stream, [...(streams.get(stream) ?? []), { id: `${appended}-0`, raw }]);
    for (const wake of wakes) wake();
  }

  function add({ assignment, inputs }: Tree): void {
    assert(inputs.length === 0, `Subtask ${assignment.subtaskId} comes as a tree with inputs: this queue takes single subtasks only.`);
    const id = dispatchId(assignment.workflowId, assignment.subtaskId, assignment.generation);
    dispatched.set(id, (dispatched.get(id) ?? 0) + 1);
    if (jobs.has(id)) return;
    jobs.set(id, { assignment: assignmentMessage(assignment, id), attempts: assignment.retry.attempts, attemptsMade: 0, facts: { state: 'queued' } });
    waiting.push(id);
  }

  function take(capability?: string, agent = 'memory-agent'): TakenAssignment | null {
    const index = waiting.findIndex((id) => capability === undefined || jobs.get(id)?.assignment.payload.operation === capability);
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
      assignment: job.assignment,
      attempt: job.attemptsMade + 1,
      reply,
      progress: async (progress) => activate(progress),
      async finish(message) {
        const parsed = parseReply(JSON.stringify(message));
        job.facts = { state: 'completed', report: parsed.ok ? parsed.value : null };
      },
      async retryLater(reason, delayMs) {
        assert(job.attemptsMade + 1 < job.attempts, `The last attempt at ${id} cannot be retried.`);
        job.attemptsMade += 1;
        job.facts = { state: 'delayed', until: now() + delayMs, attemptsMade: job.attemptsMade, lastError: reason };
        waiting.push(id);
      },
      async fail(reason) {
        job.facts = { state: 'failed', reason };
      },
    };
  }

  return {
    take,
    append,
    dead,
    dispatched,
    async dispatch(trees) {
      trees.forEach(add);
    },
    async facts(refs) {
      return refs.map((ref) => jobs.get(dispatchId(ref.workflowId, ref.subtaskId, ref.generation))?.facts ?? { state: 'missing' });
    },
    reader: () => createMemoryReader(streams, dead, wakes),
    unsettled: () => [...streams.values()].reduce((sum, entries) => sum + entries.length, 0),
    forget(jobId) {
      jobs.delete(jobId);
      const index = waiting.indexOf(jobId);
      if (index >= 0) waiting.splice(index, 1);
    },
  };
}

function createMemoryReader(streams: Map<string, Entry[]>, dead: ReceivedReply[], wakes: Set<() => void>): ReplyReader {
  const inHand = new Set<string>();
  let owned: ReadonlySet<number> = new Set();

  function next(): ReceivedReply[] {
    const replies: ReceivedReply[] = [];
    for (const [stream, entries] of streams) {
      if (!owned.has(partitionOfStream(stream))) continue;
      for (const { id, raw } of entries) {
        if (inHand.has(`${stream} ${id}`)) continue;
        inHand.add(`${stream} ${id}`);
        const reply = parseReply(raw);
        replies.push({ stream, id, raw, report: reply.ok ? reply.value : null, problems: reply.ok ? [] : reply.problems });
      }
    }
    return replies;
  }

  async function wait(blockMs: number): Promise<void> {
    if (blockMs <= 0) return;
    let timer: NodeJS.Timeout | undefined;
    let wake: (() => void) | undefined;
    await new Promise<void>((resolve) => {
      wake = resolve;
      wakes.add(resolve);
      timer = setTimeout(resolve, blockMs);
    });
    if (wake !== undefined) wakes.delete(wake);
    clearTimeout(timer);
  }

  function drop(replies: readonly ReceivedReply[]): void {
    for (const { stream, id } of replies) {
      streams.set(
        stream,
        (streams.get(stream) ?? []).filter((entry) => entry.id !== id),
      );
    }
  }

  return {
    async read(blockMs) {
      const replies = next();
      if (replies.length > 0) return replies;
      await wait(blockMs);
      return next();
    },
    async remove(replies) {
      drop(replies);
    },
    async reject(replies) {
      dead.push(...replies);
      drop(replies);
    },
    own(partitions) {
      const before = owned;
      owned = new Set(partitions);
      for (const key of inHand) {
        const partition = partitionOfStream(key.split(' ')[0] as string);
        // What comes anew is read from its head.
        if (!before.has(partition) || !owned.has(partition)) inHand.delete(key);
      }
    },
    rewind: () => inHand.clear(),
  };
}

function partitionOfStream(stream: string): number {
  return Number(stream.slice(stream.lastIndexOf('.') + 1));
}
