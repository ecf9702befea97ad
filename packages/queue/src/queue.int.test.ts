/** The queue's contract on a real Redis, with the agents played through BullMQ's manual fetching. */

import { once } from 'node:events';
import { capabilityQueue, resultStream, webhooksQueue } from '@baton/protocol';
import { exampleAssignment, queueContract, type RedisFixture, randomPrefix, startRedis } from '@baton/testkit';
import { UnrecoverableError, Worker } from 'bullmq';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { payloadsIn } from './blob-store-option.ts';
import { connectRedis, type Redis } from './connection.ts';
import { createControlFlags } from './control-flags.ts';
import { createSubtaskQueue } from './dispatch.ts';
import { openQueue } from './queue-handle.ts';
import { registerAgent } from './registry.ts';
import { createReplyReader } from './reply-reader.ts';
import { beginningOf, inputsKey } from './tree-inputs.ts';

let fixture: RedisFixture;
let redis: Redis;
beforeAll(async () => {
  fixture = await startRedis();
  redis = await connectRedis(fixture.url, { name: 'queue-test' });
}, 60_000);
afterAll(async () => {
  redis?.disconnect();
  await fixture?.stop();
});

test('a capability is announced again to a Redis that may have lost it', async () => {
  const own = await connectRedis(fixture.url, { name: 'queue-test' });
  const prefix = randomPrefix();
  const queue = createSubtaskQueue({ redis: own, prefix });
  await queue.dispatch([{ assignment: exampleAssignment({ subtaskId: 'one' }), inputs: [] }]);
  await redis.del(`${prefix}:capabilities`);
  const closed = once(own, 'close');
  own.disconnect(true);
  await closed;
  await queue.dispatch([{ assignment: exampleAssignment({ subtaskId: 'two' }), inputs: [] }]);
  expect(await redis.smembers(`${prefix}:capabilities`)).toEqual(['data.fetch']);
  await queue.close();
  own.disconnect();
});

const agentEntry = { name: 'data-agent', version: '1.0.0', host: 'here', pid: 1, started_at: new Date(0).toISOString(), concurrency: 4 };

queueContract('Redis', async () => {
  const prefix = randomPrefix();
  const queue = createSubtaskQueue({ redis, prefix });
  const closers: (() => Promise<void>)[] = [queue.close];
  const workers = new Map<string, Worker>();

  function workerOf(capability: string, agent: string): Worker {
    const known = workers.get(capability);
    if (known !== undefined) return known;
    const worker = new Worker(capabilityQueue(capability), null, {
      connection: redis,
      prefix,
      name: agent,
      autorun: false,
      settings: { backoffStrategy: () => 60_000 },
    });
    worker.on('error', (error) => expect.unreachable(error.message));
    workers.set(capability, worker);
    closers.push(() => worker.close());
    return worker;
  }

  const append = async (capability: string, partition: number, raw: string): Promise<void> =>
    void (await redis.xadd(`${prefix}:${resultStream(capability, partition)}`, '*', 'reply', raw));

  return {
    queue,
    async reader() {
      const reader = createReplyReader({ redis, prefix });
      closers.push(reader.close);
      return reader;
    },
    async take(capability, agent) {
      const token = `${agent}:token`;
      const job = await workerOf(capability, agent).getNextJob(token, { block: false });
      if (job === undefined) return null;
      const { workflow_id: workflowId, subtask_id: subtaskId, generation } = job.data.metadata;
      const at = inputsKey(prefix, capability, String(job.id));
      const sources = { flags: createControlFlags(redis, prefix), payloads: payloadsIn({ redis, prefix }) };
      const { assignment, isBlocked } = await beginningOf(sources, { workflowId, subtaskId, generation }, job.data, at);
      return {
        assignment,
        isBlocked,
        attempt: job.attemptsMade + 1,
        progress: (progress) => job.updateProgress(progress),
        // As an agent in another language does it, which may well send it twice.
        reply: (message) => append(capability, job.data.metadata.partition, JSON.stringify(message)),
        finish: async (message) => void (await job.moveToCompleted(message, token, false)),
        retryLater: async (reason) => void (await job.moveToFailed(new Error(reason), token, false)),
        fail: async (reason) => void (await job.moveToFailed(new UnrecoverableError(reason), token, false)),
      };
    },
    async serve(capability, agent) {
      const entry = { ...agentEntry, id: agent, capabilities: [{ name: capability, input: {}, output: {} }] };
      const registration = await registerAgent({ redis, prefix, entry, onError: (error) => expect.unreachable(error.message) });
      let close: (() => Promise<void>) | undefined = registration.close;
      const leave = async (): Promise<void> => {
        await close?.();
        close = undefined;
      };
      closers.push(leave);
      return leave;
    },
    async notified() {
      const jobs = await openQueue(redis, prefix, webhooksQueue).getWaiting();
      return jobs.map(({ id, data: { url, content, signature } }) => ({ id: String(id), url, body: JSON.parse(content), signature }));
    },
    appendRaw: append,
    async dead() {
      const entries = await redis.xrange(`${prefix}:dead`, '-', '+');
      return entries.map(([, fields]) => fields[fields.indexOf('raw') + 1] as string);
    },
    async end() {
      await Promise.all(closers.map((close) => close()));
    },
  };
});

test('the event stream of a capability queue is capped by its producer', async () => {
  const prefix = randomPrefix();
  const queue = createSubtaskQueue({ redis, prefix });
  await queue.dispatch([{ assignment: exampleAssignment(), inputs: [] }]);
  expect(await redis.hget(`${prefix}:cap.data.fetch:meta`, 'opts.maxLenEvents')).toBe('200');
  await queue.close();
});

test('a job in none of the lists of BullMQ is missing', async () => {
  const prefix = randomPrefix();
  const queue = createSubtaskQueue({ redis, prefix });
  const assignment = exampleAssignment();
  await queue.dispatch([{ assignment, inputs: [] }]);
  await redis.del(openQueue(redis, prefix, 'cap.data.fetch').toKey('wait'));
  expect(await queue.facts([assignment])).toEqual([{ state: 'missing' }]);
  await queue.close();
});

describe('trees', () => {
  const chain = () => ({
    assignment: exampleAssignment({ subtaskId: 'clean', capability: 'data.clean', inputs: ['fetch'] }),
    inputs: [{ assignment: exampleAssignment(), inputs: [] }],
  });

  test.each(['data.clean', 'data.fetch'])(
    'one that BullMQ does not store, and says nothing of, is a dispatch that failed: the queue of %s',
    async (capability) => {
      const prefix = randomPrefix();
      const queue = createSubtaskQueue({ redis, prefix });
      await redis.set(`${prefix}:cap.${capability}:id`, 'not a number');
      await expect(queue.dispatch([chain()])).rejects.toThrow(/did not store/);
      await redis.del(`${prefix}:cap.${capability}:id`);
      await queue.dispatch([{ ...chain(), assignment: { ...chain().assignment, generation: 2 } }]);
      await queue.close();
    },
  );

  test('their inputs are where BullMQ itself reads them', async () => {
    const prefix = randomPrefix();
    const queue = createSubtaskQueue({ redis, prefix });
    await queue.dispatch([chain()]);
    const [fetching, cleaning] = ['data.fetch', 'data.clean'].map(
      (name) => new Worker(capabilityQueue(name), null, { connection: redis, prefix, autorun: false }),
    );
    const child = await fetching?.getNextJob('token', { block: false });
    await child?.moveToCompleted({ any: 'reply' }, 'token', false);
    const job = await cleaning?.getNextJob('token', { block: false });
    const kept = await redis.hgetall(inputsKey(prefix, 'data.clean', String(job?.id)));
    expect(Object.entries(kept).map(([key, text]) => [key, JSON.parse(text)])).toEqual(Object.entries((await job?.getChildrenValues()) ?? {}));
    expect(Object.keys(kept)).toEqual([`${prefix}:cap.data.fetch:wf_1~fetch~1`]);
    await Promise.all([fetching?.close(), cleaning?.close(), queue.close()]);
  });

  test('the event streams of all of their queues are capped', async () => {
    const prefix = randomPrefix();
    const queue = createSubtaskQueue({ redis, prefix });
    await queue.dispatch([chain()]);
    for (const capability of ['data.fetch', 'data.clean']) expect(await redis.hget(`${prefix}:cap.${capability}:meta`, 'opts.maxLenEvents')).toBe('200');
    await queue.close();
  });
});
