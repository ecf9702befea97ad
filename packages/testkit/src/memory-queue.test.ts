import { describe, expect, test } from 'vitest';
import { createMemoryQueue } from './memory-queue.ts';
import { queueContract } from './queue-contract.ts';
import { exampleAssignment, exampleReply } from './queue-world.ts';

queueContract('memory', async () => {
  const queue = createMemoryQueue(Date.now, 0);
  const serving = new Map<string, number>();
  const serve = (capability: string, change: number): void => {
    serving.set(capability, (serving.get(capability) ?? 0) + change);
    queue.serve(capability, serving.get(capability) ?? 0);
  };
  return {
    queue,
    async serve(capability) {
      serve(capability, 1);
      return async () => serve(capability, -1);
    },
    notified: async () => [...queue.notified.values()],
    reader: async () => queue.reader(),
    take: async (capability, agent) => queue.take(capability, agent),
    appendRaw: async (capability, partition, raw) => queue.append(capability, partition, raw),
    dead: async () => queue.dead.map(({ raw }) => raw),
    end: async () => {},
  };
});

describe('what a simulation asks of the memory queue', () => {
  test('it counts the dispatches of a job and the replies not yet settled', async () => {
    const queue = createMemoryQueue();
    const assignment = exampleAssignment();
    await queue.dispatch([{ assignment, inputs: [] }]);
    await queue.dispatch([{ assignment, inputs: [] }]);
    expect(queue.dispatched).toEqual(new Map([['wf_1~fetch~1', 2]]));
    const taken = queue.take();
    await taken?.reply(exampleReply(taken.assignment));
    expect(queue.unsettled()).toBe(1);
  });

  test('a forgotten job is missing, and can be added again', async () => {
    const queue = createMemoryQueue();
    const assignment = exampleAssignment();
    await queue.dispatch([{ assignment, inputs: [] }]);
    queue.forget('wf_1~fetch~1');
    expect(await queue.facts([assignment])).toEqual([{ state: 'missing' }]);
    expect(queue.take()).toBeNull();
    await queue.dispatch([{ assignment, inputs: [] }]);
    expect(queue.take()?.assignment.message_id).toBe('wf_1~fetch~1');
  });

  test('what waits for its next attempt is not taken before, and what a dead agent had goes to another at the same attempt', async () => {
    let now = 0;
    const queue = createMemoryQueue(() => now);
    await queue.dispatch([{ assignment: exampleAssignment(), inputs: [] }]);
    await queue.take()?.retryLater('SOURCE_DOWN: no answer', 1_000);
    expect(queue.nextDelayedAt()).toBe(1_000);
    expect([queue.take(), queue.waitingFor()]).toEqual([null, []]);
    now = 1_000;
    expect(queue.waitingFor()).toEqual(['data.fetch']);
    expect(queue.take()?.attempt).toBe(2);
    expect(queue.nextDelayedAt()).toBeNull();
    queue.abandon('wf_1~fetch~1');
    expect(queue.take()?.attempt).toBe(2);
    expect(queue.retryOf('wf_1~fetch~1').attempts).toBe(3);
  });
});
