/** The engine on the memory ports and a manual clock, for its tests: no Redis, no timers; time passes when the test says so. */
import { type Json, partitionCount, type RecordedEvent, type SameTree, type WorkflowStore } from '@baton/core';
import { replyMessage } from '@baton/protocol';
import { createManualClock, createMemoryQueue, createMemoryStore } from '@baton/testkit';
import { createEngine, type Engine } from './index.ts';

export const partitions = Array.from({ length: partitionCount }, (_, index) => index);

/** @param sameTree with it, dispatches go together as far as it allows */
export function createBench(wrap: (store: WorkflowStore) => WorkflowStore = (store) => store, sameTree?: SameTree) {
  const clock = createManualClock();
  const queue = createMemoryQueue(clock.now);
  const memory = createMemoryStore({ append: queue.append });
  const store = wrap(memory);
  const reader = queue.reader();
  reader.own(partitions);
  const events: RecordedEvent[] = [];
  const warnings: string[] = [];
  const engineOn = (own: WorkflowStore): Engine =>
    createEngine({ store: own, queue, now: clock.now, sameTree, observe: (_, event) => events.push(event), warn: (event) => warnings.push(event) });
  return { clock, store, memory, queue, reader, events, warnings, engineOn, engine: engineOn(store) };
}
export type Bench = ReturnType<typeof createBench>;

/** An agent takes the next assignment and replies with the result; `finish: false`: it dies before its job is done. */
export async function work({ queue, clock }: Bench, result: Json, { reply = true, finish = true } = {}): Promise<void> {
  const taken = queue.take();
  if (taken === null) throw new Error('nothing to do');
  const execution = { agent: 'agent-1', attempt: taken.attempt, startedAt: clock.now(), finishedAt: clock.now() };
  const message = replyMessage(taken.assignment, { outcome: { status: 'completed', result }, execution });
  if (reply) await taken.reply(message);
  if (finish) await taken.finish(message);
}

/** Settles what has come home; with what that brings home again, until nothing does. */
export async function settleAll({ engine, reader }: Pick<Bench, 'engine' | 'reader'>): Promise<void> {
  for (;;) {
    const replies = await reader.read(0);
    if (replies.length === 0) return;
    await engine.settle(replies.flatMap(({ report }) => report ?? []));
    await reader.remove(replies);
  }
}

/** One step: an agent works on what is next, and its reply is settled. */
export async function turn(bench: Bench, result: Json): Promise<void> {
  await work(bench, result);
  await settleAll(bench);
}
