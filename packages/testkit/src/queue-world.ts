/** What the queue's contract needs of an implementation, and the assignments and replies that it plays with. */
import {
  type Assignment,
  type DispatchRef,
  type Outcome,
  type Progress,
  partitionOf,
  type ReplyReader,
  type SubtaskQueue,
  type WebhookDelivery,
} from '@baton/core';
import { type AssignmentMessage, type ReplyMessage, replyMessage } from '@baton/protocol';

/** An assignment in the hands of an agent that the test plays. */
export interface TakenAssignment {
  /** In a tree: with what its inputs have brought filled in. */
  readonly assignment: AssignmentMessage;
  /** An input of its tree has brought no result, or not what must be there: it can only be replied as blocked. */
  readonly isBlocked: boolean;
  readonly attempt: number;
  progress(progress: Progress): Promise<void>;
  /** Appends the reply to the result stream; as often as the test likes. */
  reply(message: ReplyMessage): Promise<void>;
  /** The job is done, with the reply as its return value. */
  finish(message: ReplyMessage): Promise<void>;
  /** The attempt failed and the next one waits. */
  retryLater(reason: string, delayMs: number): Promise<void>;
  /** The queue gave up on the job, and no agent replied. */
  fail(reason: string): Promise<void>;
}

/** One implementation, with nothing in it yet. */
export interface QueueWorld {
  readonly queue: SubtaskQueue;
  reader(): Promise<ReplyReader>;
  take(capability: string, agent: string): Promise<TakenAssignment | null>;
  /** An agent of that id has a heartbeat. @returns what ends it */
  serve(capability: string, agent: string): Promise<() => Promise<void>>;
  /** What waits to be delivered to the outside. */
  notified(): Promise<readonly WebhookDelivery[]>;
  /** Puts an entry into a result stream as it is. */
  appendRaw(capability: string, partition: number, raw: string): Promise<void>;
  /** The raw texts of what was rejected. */
  dead(): Promise<readonly string[]>;
  end(): Promise<void>;
}

export function exampleAssignment(change: Partial<Assignment> = {}): Assignment {
  const workflowId = change.workflowId ?? 'wf_1';
  return {
    workflowId,
    workflowType: 'example',
    partition: partitionOf(workflowId),
    subtaskId: 'fetch',
    generation: 1,
    capability: 'data.fetch',
    parameters: { path: 'sales.csv' },
    parametersBytes: Buffer.byteLength(JSON.stringify(change.parameters ?? { path: 'sales.csv' })),
    retry: { attempts: 3, backoffMs: 10, backoffMsMax: 100, jitter: 0 },
    attemptTimeoutMs: 10_000,
    ttlMs: 60_000,
    issuedAt: Date.now(),
    ...change,
  };
}

const exampleOutcome: Outcome = { status: 'completed', result: { uri: 'file:///sales.json' } };

export function exampleReply(assignment: AssignmentMessage, agent = 'data-agent-01', outcome: Outcome = exampleOutcome): ReplyMessage {
  const now = Date.now();
  return replyMessage(assignment, {
    outcome,
    execution: { agent, attempt: 1, startedAt: now, finishedAt: now },
  });
}

/** A tree of one. */
export const tree = (assignment: Assignment) => ({ assignment, inputs: [] });
export const ref = ({ workflowId, subtaskId, generation, capability }: Assignment): DispatchRef => ({ workflowId, subtaskId, generation, capability });

/** Takes an assignment that must be there. */
export type Took = (capability?: string, agent?: string) => Promise<TakenAssignment>;
