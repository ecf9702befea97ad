/** The queue's contract: how replies come back. */
import { childCapability, type Outcome, partitionOf, type ReceivedReply, type ReplyReader } from '@baton/core';
import { type ReplyMessage, reportOf } from '@baton/protocol';
import { expect, test } from 'vitest';
import { exampleAssignment, exampleReply, type QueueWorld, ref, type Took, tree } from './queue-world.ts';

const workflowIds = (replies: readonly ReceivedReply[]) => replies.map(({ report }) => String(report?.workflowId)).toSorted();

export function readerContract(world: () => QueueWorld, took: Took): void {
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
    expect(replies.map(({ report }) => report)).toContainEqual({ ...reportOf(reply), at: expect.any(Number), capability: 'data.fetch' });
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
    expect((await waiting).map(({ report }) => report)).toEqual([{ ...reportOf(reply), at: expect.any(Number), capability: 'data.fetch' }]);
  });

  test.each<Outcome>([{ status: 'held' }, { status: 'overloaded', retryAfterMs: 250 }])('what is not done is replied too: $status', async (outcome) => {
    const assignment = exampleAssignment();
    await world().queue.dispatch([tree(assignment)]);
    const taken = await took();
    const reply = exampleReply(taken.assignment, 'data-agent-01', outcome);
    await taken.reply(reply);
    await taken.finish(reply);
    expect((await (await owning('wf_1')).read(blockMs)).map(({ report }) => report?.outcome)).toEqual([outcome]);
    expect(await world().queue.facts([ref(assignment)])).toMatchObject([{ state: 'completed', report: { outcome } }]);
  });

  test('a reply is of the capability in whose stream it stands, whatever it answers', async () => {
    await world().queue.dispatch([tree(exampleAssignment({ capability: 'bank.transfer' })), tree(exampleAssignment({ subtaskId: 'other' }))]);
    const forged = exampleReply((await took('bank.transfer')).assignment);
    await (await took('data.fetch')).reply(forged);
    expect((await readAll(await owning('wf_1'), 1)).map(({ report }) => report)).toEqual([
      { ...reportOf(forged), at: expect.any(Number), capability: 'data.fetch' },
    ]);
  });

  test('a child workflow answers in a stream that every reader reads, from the first moment', async () => {
    const reader = await owning('wf_1');
    await world().queue.dispatch([tree(exampleAssignment())]);
    const { assignment } = await took();
    await world().appendRaw(childCapability, partitionOf('wf_1'), JSON.stringify(exampleReply(assignment)));
    expect((await reader.read(blockMs)).map(({ report }) => report?.capability)).toEqual([childCapability]);
  });
}
