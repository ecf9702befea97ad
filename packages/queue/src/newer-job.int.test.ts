/** Two versions on one Redis: what a newer one has put into a queue or a stream is left to newer ones, and what an older one has put there is upgraded. */
import { NewerSchemaError, partitionCount, type ReceivedReply, type Schema } from '@baton/core';
import { type AssignmentMessage, replyMessage } from '@baton/protocol';
import { exampleAssignment, type RedisFixture, randomPrefix, startRedis } from '@baton/testkit';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { connectRedis, type Redis } from './connection.ts';
import { type ConsumeOptions, consumeCapability } from './consume.ts';
import type { Delivery } from './delivery.ts';
import { createSubtaskQueue } from './dispatch.ts';
import { openQueue } from './queue-handle.ts';
import { createReplyReader } from './reply-reader.ts';
import { consumeStarts, createStartQueue } from './start-queue.ts';
import { consumeWebhooks } from './webhook.ts';

const from1 = (upgrade: (older: never) => unknown) => new Map([[1, upgrade as (older: unknown) => unknown]]);
/** Its replies have usage always, and its assignments have longer to live. */
const next: Schema = {
  version: 2,
  upgrades: {
    assignment: from1((older: AssignmentMessage) => ({ ...older, metadata: { ...older.metadata, ttl_ms: 77_777 } })),
    reply: from1((older: { metadata: object }) => ({ ...older, metadata: { ...older.metadata, usage: { upgraded: 1 } } })),
  },
};
const all = Array.from({ length: partitionCount }, (_, partition) => partition);
const assignment = exampleAssignment();
const ref = { ...assignment, capability: 'data.fetch' };
let fixture: RedisFixture;
let redis: Redis;
let prefix: string;
const closers: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  fixture = await startRedis();
  redis = await connectRedis(fixture.url, { name: 'newer-test' });
});
afterAll(async () => {
  redis?.disconnect();
  await fixture?.stop();
});
beforeEach(() => {
  prefix = randomPrefix();
});
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

function queueOf(schema?: Schema) {
  const queue = createSubtaskQueue({ redis, prefix, ...(schema && { schema }) });
  closers.push(queue.close);
  return queue;
}

/** @returns what it was given; it replies to everything */
async function agent(name: string, told: NewerSchemaError[], schema?: Schema): Promise<readonly Delivery[]> {
  const given: Delivery[] = [];
  const options: ConsumeOptions = {
    redis,
    prefix,
    capability: 'data.fetch',
    agent: name,
    concurrency: 4,
    lockMs: 30_000,
    stalledMs: 5_000,
    stallsMax: 2,
    onAssignment: async (delivery) => {
      given.push(delivery);
      const execution = { agent: name, attempt: delivery.attempt, startedAt: 1, finishedAt: 2 };
      return { kind: 'reply', reply: replyMessage(delivery.assignment, { outcome: { status: 'completed', result: name }, execution }) };
    },
    onAbandoned: () => expect.unreachable('abandoned'),
    onReplied: () => {},
    onNewer: (error) => told.push(error),
    onError: (error) => expect.unreachable(error.message),
    ...(schema && { schema }),
  };
  const consumer = await consumeCapability(options);
  closers.push(() => consumer.close(0));
  return given;
}

async function read(schema?: Schema): Promise<readonly ReceivedReply[]> {
  const reader = createReplyReader({ redis, prefix, ...(schema && { schema }) });
  closers.push(reader.close);
  reader.own(all);
  const replies: ReceivedReply[] = [];
  await expect.poll(async () => replies.push(...(await reader.read(50))), { timeout: 10_000 }).toBeGreaterThan(0);
  return replies;
}

test('an agent leaves newer assignments as they are, says so once, and a newer agent takes them', async () => {
  const told: NewerSchemaError[] = [];
  const byOld = await agent('old', told);
  const queue = queueOf(next);
  const others = [1, 2].map((generation) => exampleAssignment({ generation: generation + 10 }));
  await queue.dispatch([assignment, ...others].map((each) => ({ assignment: each, inputs: [] })));
  await expect.poll(() => queue.facts([ref])).toMatchObject([{ state: 'delayed', attemptsMade: 0, lastError: null }]);
  const byNew = await agent('new', told, next);
  await expect.poll(() => byNew.length, { timeout: 15_000 }).toBe(3);
  expect(byNew[0]).toMatchObject({ attempt: 1, assignment: { metadata: { schema_version: 2, ttl_ms: assignment.ttlMs } } });
  expect([byOld.length, told.map(({ code }) => code)]).toEqual([0, ['NEWER_SCHEMA']]);
  const [reply] = await read(next);
  expect(reply?.report).toMatchObject({ outcome: { result: 'new' } });
  expect(reply?.report?.execution).not.toHaveProperty('usage');
});

test('who asks in the older version is answered in it, and read through the upgrades', async () => {
  const byNew = await agent('new', [], next);
  await queueOf().dispatch([{ assignment, inputs: [] }]);
  const [reply] = await read();
  expect(reply?.report?.execution).not.toHaveProperty('usage');
  expect(JSON.parse(reply?.raw ?? '').metadata).not.toHaveProperty('schema_version');
  expect(byNew[0]?.assignment.metadata.ttl_ms).toBe(77_777);
  const [upgraded] = await read(next);
  expect(upgraded?.report?.execution?.usage).toEqual({ upgraded: 1 });
  await expect.poll(() => queueOf(next).facts([ref])).toMatchObject([{ state: 'completed', report: { execution: { usage: { upgraded: 1 } } } }]);
});

test('a newer reply is neither read nor thrown away, and its job counts as not done', async () => {
  await agent('new', [], next);
  await queueOf(next).dispatch([{ assignment, inputs: [] }]);
  const [reply] = await read();
  expect(reply).toMatchObject({ isNewer: true, report: null, problems: [] });
  await expect.poll(() => queueOf().facts([ref])).toEqual([{ state: 'queued', position: null }]);
  await expect.poll(() => queueOf(next).facts([ref])).toMatchObject([{ state: 'completed' }]);
});

test('start requests and webhooks of a newer version wait for a newer process, and so does a start that meets what is newer', async () => {
  const errors: Error[] = [];
  const onError = (error: Error) => void errors.push(error);
  const starts = createStartQueue(redis, prefix);
  closers.push(starts.close);
  const conflict = async () => Promise.reject(new NewerSchemaError('The workflow "wf"', 2, 1));
  const [oldStarts, oldHooks] = await Promise.all([consumeStarts({ redis, prefix, onError, onStart: conflict }), consumeWebhooks({ redis, prefix, onError })]);
  const { jobId } = await starts.enqueue({ workflow_id: 'wf', type: 'x', params: {} });
  const workflows = openQueue(redis, prefix, 'workflows');
  closers.push(() => workflows.close());
  await workflows.add('start', { type: 'x', params: {}, schema_version: 2, said: 'otherwise' }, { jobId: 'newer' });
  await queueOf(next).notify([{ id: 'hook', url: 'http://127.0.0.1:1/', body: {}, signature: 'ab' }]);
  const hooks = openQueue(redis, prefix, 'webhooks');
  closers.push(() => hooks.close());
  const states = async () => [await workflows.getJobState(jobId), await workflows.getJobState('newer'), await hooks.getJobState('hook')];
  await expect.poll(states).toEqual(['delayed', 'delayed', 'delayed']);
  expect([await workflows.getJob(jobId), await workflows.getJob('newer'), await hooks.getJob('hook')].map((job) => job?.attemptsMade)).toEqual([0, 0, 0]);
  expect(errors.every((error) => error instanceof NewerSchemaError)).toBe(true);
  await Promise.all([oldStarts.close(), oldHooks.close(0)]);
});
