/** What `SubtaskQueue` and `ReplyReader` promise, as one suite that runs against the memory and the Redis implementation. */
import { type Assignment, type DispatchRef, type Progress, partitionOf, type ReceivedReply, type ReplyReader, type SubtaskQueue } from '@baton/core';
import { type AssignmentMessage, type ReplyMessage, replyMessage, reportOf } from '@baton/protocol';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

/** An assignment in the hands of an agent that the test plays. */
export interface TakenAssignment {
  readonly assignment: AssignmentMessage;
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
  /** An entry that is no reply. */
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
    retry: { attempts: 3, backoffMs: 10, backoffMsMax: 100, jitter: 0 },
    attemptTimeoutMs: 10_000,
    ttlMs: 60_000,
    issuedAt: Date.now(),
    ...change,
  };
}

export function exampleReply(assignment: AssignmentMessage, agent = 'data-agent-01'): ReplyMessage {
  const now = Date.now();
  return replyMessage(assignment, {
    outcome: { status: 'completed', result: { uri: 'file:///sales.json' } },
    execution: { agent, attempt: 1, startedAt: now, finishedAt: now },
  });
}

const tree = (assignment: Assignment) => ({ assignment, inputs: [] });
const ref = ({ workflowId, subtaskId, generation, capability }: Assignment): DispatchRef => ({ workflowId, subtaskId, generation, capability });

export function queueContract(name: string, open: () => Promise<QueueWorld>): void {
  describe(`${name}: the queue's contract`, () => {
    let world: QueueWorld;
    beforeEach(async () => {
      world = await open();
    });
    afterEach(() => world.end());

    const took = async (capability = 'data.fetch', agent = 'data-agent-01'): Promise<TakenAssignment> => {
      const taken = await world.take(capability, agent);
      if (taken === null) throw new Error(`There is no job for ${capability}.`);
      return taken;
    };
    dispatchContract(() => world, took);
    factsContract(() => world, took);
    readerContract(() => world, took);
  });
}

const workflowIds = (replies: readonly ReceivedReply[]) => replies.map(({ report }) => String(report?.workflowId)).toSorted();

type Took = (capability?: string, agent?: string) => Promise<TakenAssignment>;

function dispatchContract(world: () => QueueWorld, took: Took): void {
  test('an agent gets the whole assignment', async () => {
    const assignment = exampleAssignment();
    await world().queue.dispatch([tree(assignment)]);
    const { assignment: message, attempt } = await took();
    expect(attempt).toBe(1);
    expect(message.payload).toEqual({ operation: 'data.fetch', parameters: { path: 'sales.csv' } });
    expect(message.message_id).toBe('wf_1~fetch~1');
    expect(message.metadata).toMatchObject({ workflow_id: 'wf_1', subtask_id: 'fetch', generation: 1, ttl_ms: 60_000, attempt_timeout_ms: 10_000 });
  });

  test('the same dispatch twice is one job, another generation is another', async () => {
    const assignment = exampleAssignment();
    await world().queue.dispatch([tree(assignment)]);
    await world().queue.dispatch([tree(assignment), tree({ ...assignment, generation: 2 })]);
    expect((await took()).assignment.metadata.generation).toBe(1);
    expect((await took()).assignment.metadata.generation).toBe(2);
    expect(await world().take('data.fetch', 'data-agent-01')).toBeNull();
  });

  test('many at once, in order within a capability', async () => {
    const assignments = Array.from({ length: 20 }, (_, index) =>
      exampleAssignment({ subtaskId: `s${index}`, capability: index % 2 === 0 ? 'data.fetch' : 'data.clean' }),
    );
    await world().queue.dispatch(assignments.map(tree));
    for (const { subtaskId, capability } of assignments) expect((await took(capability)).assignment.metadata.subtask_id).toBe(subtaskId);
  });

  test('a tree with inputs is refused loudly, and nothing of it is added', async () => {
    const root = exampleAssignment({ subtaskId: 'clean' });
    const dispatched = world().queue.dispatch([{ assignment: root, inputs: [tree(exampleAssignment())] }]);
    await expect(dispatched).rejects.toThrow(/tree with inputs/);
    expect(await world().take('data.fetch', 'data-agent-01')).toBeNull();
  });
}

function factsContract(world: () => QueueWorld, took: Took): void {
  const factsOf = async (assignment: Assignment) => (await world().queue.facts([ref(assignment)]))[0];

  test('facts come in the order of the refs, whatever the capability', async () => {
    const queued = exampleAssignment();
    const missing = exampleAssignment({ subtaskId: 'other' });
    const elsewhere = exampleAssignment({ subtaskId: 'clean', capability: 'data.clean' });
    await world().queue.dispatch([tree(queued), tree(elsewhere)]);
    expect(await world().queue.facts([ref(missing), ref(elsewhere), ref(queued)])).toEqual([{ state: 'missing' }, { state: 'queued' }, { state: 'queued' }]);
    expect(await world().queue.facts([])).toEqual([]);
  });

  test('active: who, at which attempt, how far', async () => {
    const assignment = exampleAssignment();
    await world().queue.dispatch([tree(assignment)]);
    const taken = await took('data.fetch', 'data-agent-07');
    expect(await factsOf(assignment)).toMatchObject({ state: 'active', agent: 'data-agent-07', attempt: 1, progress: null });
    await taken.progress({ percent: 40, message: 'half of it' });
    expect(await factsOf(assignment)).toMatchObject({ state: 'active', progress: { percent: 40, message: 'half of it' } });
  });

  test('completed: what a lost reply would have said', async () => {
    const assignment = exampleAssignment();
    await world().queue.dispatch([tree(assignment)]);
    const taken = await took();
    const reply = exampleReply(taken.assignment);
    await taken.finish(reply);
    expect(await factsOf(assignment)).toEqual({ state: 'completed', report: reportOf(reply) });
  });

  test('delayed: until when, and why', async () => {
    const assignment = exampleAssignment();
    await world().queue.dispatch([tree(assignment)]);
    const before = Date.now();
    await (await took()).retryLater('SOURCE_DOWN: no answer', 60_000);
    const facts = await factsOf(assignment);
    expect(facts).toMatchObject({ state: 'delayed', attemptsMade: 1, lastError: 'SOURCE_DOWN: no answer' });
    expect(facts?.state === 'delayed' && facts.until).toBeGreaterThanOrEqual(before + 60_000);
    expect(facts?.state === 'delayed' && facts.until).toBeLessThanOrEqual(Date.now() + 60_000);
  });

  test('failed: why', async () => {
    const assignment = exampleAssignment();
    await world().queue.dispatch([tree(assignment)]);
    await (await took()).fail('job stalled more than allowable limit');
    expect(await factsOf(assignment)).toEqual({ state: 'failed', reason: 'job stalled more than allowable limit' });
  });
}

function readerContract(world: () => QueueWorld, took: Took): void {
  const blockMs = 500;
  const settle = async (workflowId: string, capability = 'data.fetch', subtaskId = capability.replace('.', '_')): Promise<ReplyMessage> => {
    await world().queue.dispatch([tree(exampleAssignment({ workflowId, capability, subtaskId }))]);
    const taken = await took(capability);
    const reply = exampleReply(taken.assignment);
    await taken.reply(reply);
    await taken.finish(reply);
    return reply;
  };
  /** A capability that is new to a reader may take it a moment to learn of. */
  const readAll = async (reader: ReplyReader, count: number): Promise<readonly ReceivedReply[]> => {
    const replies: ReceivedReply[] = [];
    for (let reads = 0; reads < 20 && replies.length < count; reads += 1) replies.push(...(await reader.read(blockMs)));
    return replies;
  };
  const owning = async (...ids: readonly string[]): Promise<ReplyReader> => {
    const reader = await world().reader();
    reader.own(ids.map(partitionOf));
    return reader;
  };

  test('replies of all capabilities, of owned partitions only, each once', async () => {
    expect(partitionOf('wf_1')).not.toBe(partitionOf('wf_2'));
    const reply = await settle('wf_1');
    await settle('wf_1', 'data.clean');
    await settle('wf_2');
    const reader = await owning('wf_1');
    const replies = await reader.read(blockMs);
    expect(workflowIds(replies)).toEqual(['wf_1', 'wf_1']);
    expect(replies.map(({ report }) => report)).toContainEqual(reportOf(reply));
    expect(await reader.read(0)).toEqual([]);
  });

  test('without partitions there is nothing to read', async () => {
    await settle('wf_1');
    expect(await (await world().reader()).read(0)).toEqual([]);
  });

  test('a partition that comes is read from its head, one that goes no more', async () => {
    await settle('wf_1');
    const reader = await owning('wf_2');
    expect(await reader.read(0)).toEqual([]);
    reader.own([partitionOf('wf_1'), partitionOf('wf_2')]);
    expect(workflowIds(await reader.read(blockMs))).toEqual(['wf_1']);
    reader.own([partitionOf('wf_2')]);
    await settle('wf_1', 'data.clean');
    expect(await reader.read(0)).toEqual([]);
    reader.own([partitionOf('wf_1')]);
    expect(workflowIds(await readAll(reader, 2))).toEqual(['wf_1', 'wf_1']);
  });

  test('rewind brings what is not removed once more', async () => {
    await settle('wf_1');
    await settle('wf_1', 'data.clean');
    const reader = await owning('wf_1');
    const first = await reader.read(blockMs);
    await reader.remove(first.slice(0, 1));
    reader.rewind();
    expect((await reader.read(blockMs)).map(({ id }) => id)).toEqual(first.slice(1).map(({ id }) => id));
  });

  test('rewind during a waiting read holds for what was read before it', async () => {
    await settle('wf_1');
    const reader = await owning('wf_1');
    const [first] = await reader.read(blockMs);
    const waiting = reader.read(30_000);
    reader.rewind();
    await settle('wf_1', 'data.fetch', 'again');
    const all = [...(await waiting), ...(await reader.read(blockMs))];
    expect(all.map(({ id }) => id)).toContain(first?.id);
  });

  test('the next owner reads what was read and not removed', async () => {
    await settle('wf_1');
    await settle('wf_1', 'data.clean');
    const dying = await owning('wf_1');
    const replies = await dying.read(blockMs);
    expect(replies).toHaveLength(2);
    await dying.remove(replies.slice(0, 1));
    expect(await (await owning('wf_1')).read(blockMs)).toEqual(replies.slice(1));
  });

  test('what cannot be parsed comes with its problems, and goes to the dead', async () => {
    await settle('wf_1');
    await world().appendRaw('data.fetch', partitionOf('wf_1'), 'no reply');
    const reader = await owning('wf_1');
    const replies = await reader.read(blockMs);
    const bad = replies.filter(({ report }) => report === null);
    expect(bad).toMatchObject([{ raw: 'no reply', problems: [{ code: 'not_json' }] }]);
    await reader.reject(bad);
    expect(await world().dead()).toEqual(['no reply']);
    reader.rewind();
    expect(workflowIds(await reader.read(blockMs))).toEqual(['wf_1']);
  });

  test('a reply that is sent twice is read twice: deciding is what makes the second nothing', async () => {
    await world().queue.dispatch([tree(exampleAssignment())]);
    const taken = await took();
    const reply = exampleReply(taken.assignment);
    await taken.reply(reply);
    await taken.reply(reply);
    expect(workflowIds(await (await owning('wf_1')).read(blockMs))).toEqual(['wf_1', 'wf_1']);
  });

  test('a waiting read ends with the first reply', async () => {
    await settle('wf_1');
    const reader = await owning('wf_1');
    await reader.remove(await reader.read(blockMs));
    const waiting = reader.read(30_000);
    const reply = await settle('wf_1', 'data.fetch', 'again');
    expect((await waiting).map(({ report }) => report)).toEqual([reportOf(reply)]);
  });
}
