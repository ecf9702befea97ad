/** Webhooks over a real queue to a real HTTP server. */
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { WebhookDelivery } from '@baton/core';
import { type RedisFixture, randomPrefix, startRedis } from '@baton/testkit';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { connectRedis, type Redis } from './connection.ts';
import { createSubtaskQueue } from './dispatch.ts';
import { openQueue } from './queue-handle.ts';
import { consumeWebhooks } from './webhook.ts';

interface Received {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

let fixture: RedisFixture;
let redis: Redis;
let server: Server;
let base: string;
let prefix: string;
let received: Received[];
let errors: Error[];
/** What the server answers, in turn; then 200. */
let answers: number[];
const closers: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  fixture = await startRedis();
  redis = await connectRedis(fixture.url, { name: 'webhook-test' });
  server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      received.push({ method: request.method, url: request.url, headers: request.headers, text: Buffer.concat(parts).toString() });
      response.writeHead(answers.shift() ?? 200, { location: '/elsewhere' }).end('thanks');
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(async () => {
  server?.closeAllConnections();
  server?.close();
  redis?.disconnect();
  await fixture?.stop();
});
beforeEach(() => {
  [prefix, received, errors, answers] = [randomPrefix(), [], [], []];
});
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

const body = { workflow_id: 'wf_1', shown: { total: 1e21, text: 'Größe "x"' }, tokens: { anna: 't' } };
const signed = (text: string): string => createHmac('sha256', 'secret').update(text).digest('hex');

function delivery(path = '/hook', id = 'wf_1~plan/approve~1'): WebhookDelivery {
  return { id, url: `${base}${path}`, body, signature: signed(JSON.stringify(body)) };
}

async function deliver(...deliveries: readonly WebhookDelivery[]): Promise<void> {
  const consumer = await consumeWebhooks({ redis, prefix, onError: (error) => errors.push(error) });
  closers.push(() => consumer.close(1_000));
  const queue = createSubtaskQueue({ redis, prefix });
  await queue.notify(deliveries);
  await queue.close();
}

async function job(id = 'wf_1~plan/approve~1') {
  const queue = openQueue(redis, prefix, 'webhooks');
  try {
    const found = await queue.getJob(id);
    return { state: await queue.getJobState(id), attempts: found?.attemptsMade, attemptsMax: found?.opts.attempts };
  } finally {
    await queue.close();
  }
}

test('is posted once, as JSON, signed to the letter of its body, under the id of the delivery', async () => {
  await deliver(delivery(), delivery());
  await expect.poll(() => job()).toMatchObject({ state: 'completed' });
  expect(received).toHaveLength(1);
  const [{ method, url, headers, text }] = received as [Received];
  expect([method, url, headers['content-type'], headers['x-baton-delivery']]).toEqual(['POST', '/hook', 'application/json', 'wf_1~plan/approve~1']);
  expect(JSON.parse(text)).toEqual(body);
  expect(headers['x-baton-signature']).toBe(`sha256=${signed(text)}`);
});

test.each([500, 408, 429, 302])('a receiver that says %i is asked again, and is not followed elsewhere', async (status) => {
  answers = [status];
  await deliver(delivery());
  await expect.poll(() => job(), { timeout: 10_000 }).toEqual({ state: 'completed', attempts: 2, attemptsMax: 10 });
  expect(received.map(({ url }) => url)).toEqual(['/hook', '/hook']);
  expect(received[1]?.headers).toMatchObject({
    'x-baton-delivery': received[0]?.headers['x-baton-delivery'],
    'x-baton-signature': received[0]?.headers['x-baton-signature'],
  });
  expect(errors).toEqual([]);
});

test.each([400, 404, 410])('a receiver that says %i is believed at once, and the secret part of its address is not told', async (status) => {
  answers = [status];
  await deliver(delivery('/hook?key=hunter2'));
  await expect.poll(() => job()).toMatchObject({ state: 'failed', attempts: 1 });
  expect(errors).toMatchObject([
    { code: 'WEBHOOK_UNDELIVERED', message: expect.stringMatching(new RegExp(`refused with status ${status}.*Given up after attempt 1`)) },
  ]);
  expect(errors[0]?.message).not.toMatch(/hunter2/);
});

test('nobody there: it waits for the next attempt and says why', async () => {
  await deliver({ ...delivery(), url: 'http://127.0.0.1:1/hook' });
  await expect.poll(() => job()).toMatchObject({ state: 'delayed', attempts: 1 });
  const queue = openQueue(redis, prefix, 'webhooks');
  expect((await queue.getJob('wf_1~plan/approve~1'))?.failedReason).toMatch(/to 127\.0\.0\.1:1 got no answer/);
  await queue.close();
});

test('what is no delivery fails at once', async () => {
  await deliver();
  const queue = openQueue(redis, prefix, 'webhooks');
  await queue.add('webhook', { url: 'file:///etc/passwd' }, { jobId: 'odd', attempts: 10 });
  await expect.poll(() => job('odd')).toMatchObject({ state: 'failed', attempts: 1 });
  await queue.close();
});

test('who stops hands back what has no answer by then, and the next one delivers it at once, under the same attempt', async () => {
  const asked = Promise.withResolvers<void>();
  const silent = (_url: string, { signal }: RequestInit): Promise<never> => {
    asked.resolve();
    return new Promise((_resolve, reject) => signal?.addEventListener('abort', () => reject(signal.reason as Error)));
  };
  const stopping = await consumeWebhooks({ redis, prefix, onError: (error) => errors.push(error), fetch: silent });
  const queue = createSubtaskQueue({ redis, prefix });
  await queue.notify([delivery()]);
  await queue.close();
  await asked.promise;
  await stopping.close(1);
  expect(await job()).toMatchObject({ state: 'waiting', attempts: 0 });
  await deliver();
  await expect.poll(() => job()).toMatchObject({ state: 'completed', attempts: 1 });
  expect([received.length, errors]).toEqual([1, []]);
});
