/**
 * What the engine needs of the outside world, in the domain's verbs. `store` and `queue` implement it on Redis,
 * `testkit` in memory, and one contract suite runs against both. An adapter that cannot reach its world throws; every
 * other outcome is a value.
 */
import type { Effect, Report, Tree } from './assignment.ts';
import type { Json, JsonObject, Problem } from './json.ts';
import type { ParentRef, Patch, RecordedEvent, Workflow, WorkflowHeader, WorkflowState, WorkflowStatus } from './workflow.ts';
import type { WorkflowType } from './workflow-type.ts';

/** One decision to be written: the workflow as it was decided on, what changes, and what must be dispatched afterwards. */
export interface Commit {
  readonly workflow: Workflow;
  readonly patch: Patch;
  /** Those that an orchestrator's death must not lose (`dispatch`, `start_child`, `notify`) go to the outbox in the same commit. */
  readonly effects: readonly Effect[];
  /** Of one that creates a workflow: not while so many of its type have not ended. */
  readonly activeMax?: number | undefined;
}

/** What the owner of a parent is told when a child workflow ends, in the same commit: a reply like any agent's, on the stream `res.workflow.<partition>`. */
export const childCapability = 'workflow';

/**
 * `conflict`: somebody else committed since the workflow was loaded (or, at revision 0, it exists already). `full`: it does not exist, and there are
 * `activeMax` of its type. Nothing was written in either case.
 */
export type CommitOutcome =
  | { readonly status: 'committed'; readonly revision: number; readonly eventHash: string }
  | { readonly status: 'conflict' }
  | { readonly status: 'full' };

export interface WorkflowSummary {
  /** Without such params as are kept out of line. */
  readonly header: WorkflowHeader;
  /** In a list: without such a result, too. */
  readonly state: WorkflowState;
  /** The result was kept out of line, and is gone. */
  readonly isLost?: true;
}

/** A payload over the inline limit, where it is not: its JSON text is in the blob store, under its hash. */
export interface BlobRef {
  /** Hex. */
  readonly sha256: string;
  readonly bytes: number;
}

/**
 * Where payloads over the inline limit are, in the scope of their workflow. Content addressed: what is put twice is there once. Whoever gets one
 * checks its hash. An adapter that cannot reach its world throws a `BlobStoreError`.
 */
export interface BlobStore {
  /** What it keeps goes with the workflow's record, by the commit that lets that expire; else somebody must `purge`. */
  readonly goesWithRecord: boolean;
  put(workflowId: string, sha256: string, text: string): Promise<void>;
  /** null: it is not there (any more). */
  get(workflowId: string, sha256: string): Promise<string | null>;
  /** Everything of the workflow, which may be nothing. */
  purge(workflowId: string): Promise<void>;
}

export interface ListQuery {
  readonly status?: WorkflowStatus;
  readonly type?: string;
  readonly limit: number;
  /** Where the page before ended, as that page said. */
  readonly cursor?: string;
}

export interface ListPage {
  /** Newest first. */
  readonly workflows: readonly WorkflowSummary[];
  /** Those of the page that a newer process has written to. More than that only such a process can tell. */
  readonly newer?: readonly { readonly id: string; readonly createdAt: number }[];
  /** Absent on the last page. */
  readonly cursor?: string;
}

export interface DueDeadline {
  readonly workflowId: string;
  readonly subtaskId: string | null;
  readonly at: number;
}

export interface OutboxEntry {
  readonly workflowId: string;
  readonly subtaskId: string;
  readonly generation: number;
}

/** What one commit recorded. */
export interface EventEntry {
  readonly id: string;
  readonly events: readonly RecordedEvent[];
  /** SHA-256 over the hash of the entry before and this one's events: nothing in between can be taken out unseen. */
  readonly hash: string;
}

export interface WorkflowStore {
  /**
   * The whole workflow with its compiled type, or null if there is none (or no more). What a newer process has written to is told by `load`, `summary` and
   * `events` with a `NewerSchemaError`; commits on it conflict.
   */
  load(workflowId: string): Promise<Workflow | null>;
  /** The result or the failure, without loading the subtasks. */
  summary(workflowId: string): Promise<WorkflowSummary | null>;
  /** Each decision in one script, all in one round trip; outcomes in the order of the commits. Does not `apply`. At revision 0 it creates. */
  commit(commits: readonly Commit[]): Promise<readonly CommitOutcome[]>;
  list(query: ListQuery): Promise<ListPage>;
  /** Those of the partitions where a deadline is due at `now`, or a dispatch committed before `before` is not confirmed. One command. */
  partitionsDue(partitions: readonly number[], now: number, before: number): Promise<readonly number[]>;
  /** At most `limit` deadlines of the partition that are due at `now`, earliest first. */
  dueDeadlines(partition: number, now: number, limit: number): Promise<readonly DueDeadline[]>;
  /** Nobody here can look at these now: they come up again at `until`, and not before. Those that are gone meanwhile stay gone. */
  postpone(partition: number, entries: readonly (DueDeadline | OutboxEntry)[], until: number): Promise<void>;
  /** Forgets a deadline whose workflow is gone. */
  dropDeadline(partition: number, deadline: DueDeadline): Promise<void>;
  /** Dispatches committed before `before` that nobody has confirmed. */
  staleOutbox(partition: number, before: number, limit: number): Promise<readonly OutboxEntry[]>;
  /** The dispatches are known to be in the queue. */
  clearOutbox(partition: number, entries: readonly OutboxEntry[]): Promise<void>;
  /** Removes everything of an ended workflow whose retention has passed. */
  purge(workflowId: string): Promise<void>;
  /** Entries after the id (exclusive), oldest first. */
  events(workflowId: string, after: string | null, limit: number): Promise<readonly EventEntry[]>;
  /** What the ended workflows of a conversation left: dotted paths laid over each other, as one object. */
  conversation(conversationId: string): Promise<JsonObject>;
  /** A random secret of the deployment, made once: what tokens and signatures are derived from. */
  secret(): Promise<string>;
  /** How many workflows of each type have not ended. */
  activeCounts(): Promise<ReadonlyMap<string, number>>;
  /** At most so many workflows of the type at the same time; null: no limit of its own. Who starts workflows hears of it within a second. */
  limitType(name: string, activeMax: number | null): Promise<void>;
  /** What was set, by type. */
  typeLimits(): Promise<ReadonlyMap<string, number>>;

  /**
   * Registers a version of a type. The same content again is `existing`; other content under a version that exists is `conflict`. Of more versions than
   * there is room for the lowest is not registered any more; a version below all of those, and one type too many, is `full`.
   */
  register(type: WorkflowType, now: number): Promise<'registered' | 'existing' | 'conflict' | 'full'>;
  /** The type at that version, or at the highest one. */
  findType(name: string, version: number | 'latest'): Promise<WorkflowType | null>;
  types(): Promise<readonly { readonly name: string; readonly versions: readonly number[] }[]>;
}

/** Where the job of a dispatch stands. `completed` and `failed` carry what a lost reply would have said. */
export type JobFacts =
  | { readonly state: 'missing' }
  | { readonly state: 'queued'; readonly position: number | null }
  | { readonly state: 'delayed'; readonly until: number; readonly attemptsMade: number; readonly lastError: string | null }
  | { readonly state: 'active'; readonly agent: string | null; readonly attempt: number; readonly startedAt: number | null; readonly progress: Progress | null }
  | { readonly state: 'completed'; readonly report: Report | null }
  | { readonly state: 'failed'; readonly reason: string };

export interface Progress {
  /** 0 to 100. */
  readonly percent: number;
  readonly message: string | null;
}

/** `capability` is the one that was asked last: a fallback's, if it came to that. */
export interface DispatchRef {
  readonly workflowId: string;
  readonly subtaskId: string;
  readonly generation: number;
  readonly capability: string;
}

export interface SubtaskQueue {
  /** All trees together, in as few round trips as there are queues; the same dispatch twice is one job. */
  dispatch(trees: readonly Tree[]): Promise<void>;
  /** In the order of the refs, one round trip. */
  facts(refs: readonly DispatchRef[]): Promise<readonly JobFacts[]>;
  /** Hands notifications to a queue of their own, which retries them; the same notification twice is one. */
  notify(deliveries: readonly WebhookDelivery[]): Promise<void>;
  /** At most so many subtasks of the capability at the same time, on all agents together; null: no limit. Works at once. */
  limitConcurrency(capability: string, limit: number | null): Promise<void>;
  /** What the queue knows of capabilities, for those who ask why something waits. One round trip. */
  capabilities(names: readonly string[]): Promise<readonly CapabilityFacts[]>;
}

/** A notification with what only the engine adds: the tokens of those who may answer, and who vouches for it. */
export interface WebhookDelivery {
  readonly id: string;
  readonly url: string;
  readonly body: JsonObject;
  /** HMAC-SHA256 of the body's JSON, hex. */
  readonly signature: string;
}

export interface CapabilityFacts {
  readonly capability: string;
  /** Agents with a heartbeat. */
  readonly agents: number;
  readonly queued: number;
  readonly active: number;
  readonly limit: number | null;
}

/** How full Redis and the queues are: what decides whether a workflow may start now. */
export interface Load {
  /** Null: it cannot be told. */
  readonly memory: { readonly usedBytes: number; readonly bytesMax: number } | null;
  /** Subtasks that wait, by capability. Empty where nobody asked for it. */
  readonly queued: ReadonlyMap<string, number>;
}

export interface LoadReader {
  read(isQueuedAskedFor: boolean): Promise<Load>;
}

/** A reply as it stands in a result stream. `report` null: it could not be parsed, and `problems` says why. */
export interface ReceivedReply {
  readonly stream: string;
  readonly id: string;
  readonly report: Report | null;
  /** What comes next is in the queue already, as part of a tree: nobody waits for it to be settled. */
  readonly isAwaitedInQueue: boolean;
  readonly raw: string;
  readonly problems: readonly Problem[];
  /** Of a newer schema than this process knows: it stays where it is. */
  readonly isNewer?: true;
}

export interface ReplyReader {
  /** New replies of the owned partitions, all capabilities, in one call; waits at most `blockMs` for the first one. */
  read(blockMs: number): Promise<readonly ReceivedReply[]>;
  /** They are settled: what is in a stream is what is not. */
  remove(replies: readonly ReceivedReply[]): Promise<void>;
  /** Cannot be parsed: goes to `dead`, where it can be looked at, and out of the stream. */
  reject(replies: readonly ReceivedReply[]): Promise<void>;
  /** Partitions to read from now on; those that are new are read from their head. */
  own(partitions: readonly number[]): void;
  /** Reads everything that is not removed once more: after an error between reading and removing. */
  rewind(): void;
}

export interface PartitionLeases {
  /**
   * Renews what is held, takes what is free up to a fair share, gives back what exceeds it. Returns what is held now.
   *
   * @param newer partitions in which something of a newer schema was met: while somebody lives who knows it, they are left to those
   */
  refresh(newer?: readonly number[]): Promise<readonly number[]>;
  /** Gives everything back, at a clean shutdown. */
  release(): Promise<void>;
}

/** A request to start a workflow, from any producer, parsed. */
export interface StartRequest {
  readonly workflowId?: string;
  readonly type?: string;
  readonly version?: number | 'latest';
  /** In place of a registered type. */
  readonly definition?: Json;
  readonly params: Json;
  /** Absent: `limits.payloadBytesMax`. */
  readonly paramsBytesMax?: number;
  readonly caller: string;
  readonly conversationId?: string;
  readonly restartOf?: string;
  /** Where a step of another workflow asks. */
  readonly parent?: ParentRef;
  readonly depth?: number;
}
