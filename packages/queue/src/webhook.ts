/**
 * Notifications to the outside, through a queue of their own that retries them: a receiver that is down holds up nothing else.
 * **Invariant:** what is signed is what is sent, to the letter: the text of the body is made once, when it is added.
 * Delivered at least once; `x-baton-delivery` is the same for all attempts. Not here: where a webhook may go, which is the network's to say.
 */
import { currentSchema, type Schema, type WebhookDelivery } from '@baton/core';
import { WebhookJob, webhookHeaders, webhooksQueue } from '@baton/protocol';
import { type Job, type JobsOptions, UnrecoverableError, WaitingError, Worker } from 'bullmq';
import { keptJobs } from './finished-jobs.ts';
import { createNewerJobs } from './newer-job.ts';
import type { Redis } from './redis.ts';
import { restAfterRefusals } from './refusal.ts';
import { jobDelayMs, policyBackoff } from './retry-policy.ts';

/** About three minutes of trying. */
const attemptsMax = 10;
const backoff = policyBackoff({ backoffMs: 1_000, backoffMsMax: 30_000, jitter: 0.5 });
const timeoutMs = 10_000;

export type WebhookFetch = (url: string, init: RequestInit) => Promise<Pick<Response, 'status' | 'body'>>;

export interface ConsumeWebhooksOptions {
  readonly redis: Redis;
  readonly prefix: string;
  readonly concurrency?: number;
  /** A `WebhookError` for each that was given up; outages of Redis are the connection's to report. */
  readonly onError: (error: Error) => void;
  /** Up to which it takes them: that of this code, but in tests. */
  readonly schema?: Schema;
  readonly fetch?: WebhookFetch;
}

/** A webhook was not delivered. Names its receiver without path and credentials, which may be secret. */
export class WebhookError extends Error {
  readonly code = 'WEBHOOK_UNDELIVERED';
}

export function webhookJob({ id, url, body, signature }: WebhookDelivery, schemaVersion = 1): { name: string; data: WebhookJob; opts: JobsOptions } {
  return {
    name: 'webhook',
    data: { ...(schemaVersion > 1 && { schema_version: schemaVersion }), url, content: JSON.stringify(body), signature },
    opts: { jobId: id, attempts: attemptsMax, backoff, ...keptJobs },
  };
}

export interface WebhookConsumer {
  /** Takes no more, waits for the answers to those on their way, and hands those that have none after `finishMs` to whoever goes on. */
  readonly close: (finishMs: number) => Promise<void>;
}

/** Resolves when it is connected and delivers. */
export async function consumeWebhooks(options: ConsumeWebhooksOptions): Promise<WebhookConsumer> {
  const { redis, prefix, onError, concurrency = 16, schema = currentSchema, fetch = globalThis.fetch } = options;
  const newer = createNewerJobs({ redis, schema, kind: 'webhook', onNewer: onError });
  const handingBack = new AbortController();
  const worker = new Worker(
    webhooksQueue,
    async (job: Job, token) => await deliver(job, await newer.take(job, token), { token, fetch, handingBack: handingBack.signal }),
    {
      connection: redis,
      prefix,
      concurrency,
      maxStalledCount: attemptsMax,
      ...keptJobs,
      settings: { backoffStrategy: (attemptsMade, _type, _error, job) => jobDelayMs(job as Job, attemptsMade) },
    },
  );
  worker.on('error', onError);
  restAfterRefusals(worker);
  worker.on('failed', (job, error) => {
    if (job?.finishedOn !== undefined && job.finishedOn !== null)
      onError(new WebhookError(`${error.message} Given up after attempt ${job.attemptsMade}.`, { cause: error }));
  });
  await worker.waitUntilReady();
  return {
    async close(finishMs) {
      const finished = setTimeout(() => handingBack.abort(), finishMs);
      await worker.close();
      clearTimeout(finished);
    },
  };
}

interface Hands {
  readonly token: string | undefined;
  readonly fetch: WebhookFetch;
  readonly handingBack: AbortSignal;
}

async function deliver(job: Job, data: unknown, { token, fetch, handingBack }: Hands): Promise<number> {
  const parsed = WebhookJob.safeParse(data);
  if (!parsed.success) throw new UnrecoverableError(`Webhook ${job.id} cannot be read: ${parsed.error.message}`);
  const { url, content, signature } = parsed.data;
  const headers = { 'content-type': 'application/json', [webhookHeaders.signature]: `sha256=${signature}`, [webhookHeaders.delivery]: String(job.id) };
  const what = `Webhook ${job.id} to ${new URL(url).host}`;
  let status: number;
  try {
    const signal = AbortSignal.any([AbortSignal.timeout(timeoutMs), handingBack]);
    const answer = await fetch(url, { method: 'POST', headers, body: content, redirect: 'manual', signal });
    status = answer.status;
    await answer.body?.cancel();
  } catch (cause) {
    if (handingBack.aborted) return await handBack(job, token);
    throw new WebhookError(`${what} got no answer (${reasonOf(cause as Error)}).`, { cause });
  }
  if (status >= 200 && status < 300) return status;
  if (isFinal(status)) throw new UnrecoverableError(`${what} was refused with status ${status}.`);
  throw new WebhookError(`${what} was answered with status ${status}.`);
}

/** Not an attempt that failed: the next one delivers it at once. */
async function handBack(job: Job, token: string | undefined): Promise<never> {
  await job.moveToWait(token);
  throw new WaitingError();
}

/** It would say the same again. */
function isFinal(status: number): boolean {
  return status >= 400 && status < 500 && status !== 408 && status !== 429;
}

/** What fetch says of a network error is in its cause. */
function reasonOf({ message, cause }: Error): string {
  const code = (cause as NodeJS.ErrnoException | undefined)?.code;
  return code === undefined ? message : code;
}
