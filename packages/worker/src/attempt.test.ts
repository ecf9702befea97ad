/** Every way an attempt can end, without Redis: a delivery by hand, and the verdict. */
import { limits } from '@baton/core';
import { type Delivery, HandBackError, LockLostError, type Verdict } from '@baton/queue';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { delivery, fine, type Handler, late, rejection, reportOf, run, schemas } from './attempt-under-test.ts';
import { answer } from './define-agent.ts';
import { NonRetryableError, RetryAfterError } from './errors.ts';

const failed = (code: string, message: RegExp) => ({ status: 'failed', error: { code, message: expect.stringMatching(message) } });

describe('success', () => {
  test('the output is replied, with who, which attempt and when', async () => {
    const beganAt = Date.now();
    const ran = await run(
      () => fine,
      delivery({ attempt: 2, isRedelivered: true, beganAt }),
      {},
      () => beganAt + 7,
    );
    expect(reportOf(ran)).toEqual({
      workflowId: 'wf_1',
      subtaskId: 'fetch',
      generation: 1,
      outcome: { status: 'completed', result: fine },
      execution: { agent: 'data-agent-01', attempt: 2, startedAt: beganAt, finishedAt: beganAt + 7 },
    });
  });

  test('usage and changes to the context go with it', async () => {
    const ran = await run(async () => answer(fine, { usage: { rows: 3 }, contextUpdate: { 'sales.uri': fine.uri } }));
    expect(reportOf(ran)).toMatchObject({ outcome: { result: fine, contextUpdate: { 'sales.uri': fine.uri } }, execution: { usage: { rows: 3 } } });
  });

  test('the handler gets what its schema makes of the parameters, and its context', async () => {
    let seen: unknown;
    await run(
      (input, { signal, progress, logger, once, ...rest }) => {
        seen = { input, ...rest, isAborted: signal.aborted, hasLogger: logger !== undefined, hasProgress: progress !== undefined, hasOnce: once !== undefined };
        return fine;
      },
      delivery({ attempt: 2 }),
      { input: z.object({ path: z.string().transform((path) => path.toUpperCase()) }) },
    );
    expect(seen).toEqual({
      input: { path: 'SALES.CSV' },
      attempt: 2,
      repair: null,
      idempotencyKey: 'wf_1~fetch~1',
      workflowId: 'wf_1',
      subtaskId: 'fetch',
      isAborted: false,
      hasLogger: true,
      hasProgress: true,
      hasOnce: true,
    });
  });

  test('each line carries the workflow, the subtask, the capability and the attempt', async () => {
    const { lines } = await run((_input, { logger }) => {
      logger.info({ event: 'source_opened' });
      return fine;
    });
    const bound = { workflow_id: 'wf_1', subtask_id: 'fetch', capability: 'data.fetch', attempt: 1 };
    expect(lines).toEqual([
      { ...bound, event: 'subtask_started' },
      { ...bound, event: 'source_opened' },
    ]);
  });

  test('nothing returned is null where the schema allows nothing', async () => {
    expect(reportOf(await run(() => undefined, delivery(), { output: z.void() })).outcome).toEqual({ status: 'completed', result: null });
  });

  test('progress is sent, and the last of it before the reply', async () => {
    const sent: unknown[] = [];
    const given = delivery({ progress: async (value) => void sent.push(value) });
    await run((_input, { progress }) => {
      progress(1);
      progress(50, 'half of it');
      return fine;
    }, given);
    expect(sent).toEqual([
      { percent: 1, message: null },
      { percent: 50, message: 'half of it' },
    ]);
  });
});

describe('refused without another attempt', () => {
  test('invalid input, with all that is wrong, and the handler is not called', async () => {
    const input = z.object({ path: z.number(), limit: z.number() });
    const { outcome } = reportOf(await run(() => expect.unreachable(), delivery(), { input }));
    expect(outcome).toMatchObject(failed('INVALID_INPUT', /\/path: .*; \/limit: /));
    expect(outcome).toMatchObject({ error: { details: { problems: [{ path: '/path' }, { path: '/limit' }] } } });
  });

  test.each<[what: string, returned: unknown, output: z.ZodType, message: RegExp]>([
    ['does not fit', { url: 'x' }, schemas.output, /does not fit its schema: \/uri/],
    ['nothing', undefined, schemas.output, /does not fit its schema/],
    ['a BigInt', { n: 1n }, z.unknown(), /is not JSON/],
    ['usage that is no number', answer({ uri: 'x' }, { usage: { tokens: Number.NaN } }), schemas.output, /must be numbers/],
  ])('invalid output: %s', async (_what, returned, output, message) => {
    expect(reportOf(await run(() => returned, delivery(), { output })).outcome).toMatchObject(failed('INVALID_OUTPUT', message));
  });

  test('parameters that are gone', async () => {
    expect(reportOf(await run(() => expect.unreachable(), delivery({ isLost: true }))).outcome).toMatchObject(failed('PAYLOAD_LOST', /BATON_BLOBS/));
  });

  test('an output that is too big names the mend', async () => {
    const ran = await run(() => ({ uri: 'x'.repeat(limits.payloadBytesMax) }));
    expect(reportOf(ran).outcome).toMatchObject(failed('PAYLOAD_TOO_LARGE', /16777\d+ bytes.*write it to a file and return its URI/));
  });

  test('NonRetryableError, with its code and details', async () => {
    const ran = await run(() => {
      throw new NonRetryableError('There is no file sales.csv.', { code: 'SOURCE_NOT_FOUND', details: { path: 'sales.csv' } });
    });
    expect(reportOf(ran).outcome).toEqual({
      status: 'failed',
      error: { code: 'SOURCE_NOT_FOUND', message: 'There is no file sales.csv.', details: { path: 'sales.csv' } },
    });
    expect(ran.lines.at(-1)).toMatchObject({ event: 'subtask_attempt_failed', retry_in_ms: null, error: { code: 'SOURCE_NOT_FOUND' } });
    expect(ran.retries).toEqual([]);
  });

  test('time to live runs from when an assignment could begin, not from when it was sent', async () => {
    const agesFrom = late() - 1_000;
    expect(reportOf(await run(() => fine, delivery({ agesFrom, beganAt: late() }))).outcome.status).toBe('completed');
    expect(reportOf(await run(() => expect.unreachable(), delivery({ agesFrom, beganAt: agesFrom + 60_001 }))).outcome).toMatchObject(
      failed('ASSIGNMENT_EXPIRED', /./),
    );
  });

  test('an assignment that expired before anybody began it', async () => {
    expect(reportOf(await run(() => expect.unreachable(), delivery({ beganAt: late() }))).outcome).toMatchObject(
      failed('ASSIGNMENT_EXPIRED', /expired \d+ ms ago/),
    );
  });

  test('one that was begun in time is tried to its end', async () => {
    expect(reportOf(await run(() => fine, delivery({ attempt: 2, beganAt: late() }))).outcome.status).toBe('completed');
    expect(reportOf(await run(() => fine, delivery({ isRedelivered: true, beganAt: late() }))).outcome.status).toBe('completed');
  });
});

describe('worth another attempt', () => {
  test.each<[what: string, handler: Handler, code: string, message: RegExp]>([
    [
      'a sync throw',
      () => {
        throw new Error('no answer');
      },
      'HANDLER_FAILED',
      /^no answer$/,
    ],
    ['a rejection', () => Promise.reject(new Error('no answer')), 'HANDLER_FAILED', /^no answer$/],
    ['an error with a code', () => Promise.reject(Object.assign(new Error('reset'), { code: 'ECONNRESET' })), 'ECONNRESET', /^reset$/],
    ['an error without a message', () => Promise.reject(new TypeError()), 'HANDLER_FAILED', /^TypeError$/],
    ['a string', () => rejection('oops'), 'HANDLER_FAILED', /threw 'oops' instead of an Error/],
    ['nothing', () => rejection(undefined), 'HANDLER_FAILED', /threw undefined instead of an Error/],
    ['a cycle in its details', () => Promise.reject(Object.assign(new Error('no'), { details: cycle() })), 'HANDLER_FAILED', /^no$/],
  ])('%s', async (_what, handler, code, message) => {
    const ran = await run(handler);
    expect(ran.verdict).toMatchObject({ kind: 'retry', delayMs: 70, error: { code, message: expect.stringMatching(message) } });
    expect(ran.lines.at(-1)).toMatchObject({ event: 'subtask_attempt_failed', workflow_id: 'wf_1', retry_in_ms: 70, error: { code } });
    expect(ran.retries).toEqual([`data.fetch ${code}`]);
  });

  test('RetryAfterError says when', async () => {
    const { verdict } = await run(() => Promise.reject(new RetryAfterError(5_000)));
    expect(verdict).toMatchObject({ kind: 'retry', delayMs: 5_000, error: { code: 'RETRY_AFTER' } });
  });

  test('after the last attempt the failure is replied', async () => {
    const ran = await run(() => Promise.reject(new RetryAfterError(5_000, 'busy')), delivery({ attempt: 3 }));
    expect(reportOf(ran)).toMatchObject({ outcome: { status: 'failed', error: { code: 'RETRY_AFTER', message: 'busy' } }, execution: { attempt: 3 } });
    expect(ran.retries).toEqual([]);
  });
});

describe('the signal', () => {
  test('a handler that heeds it fails by the timeout, not by what it threw', async () => {
    const { verdict } = await run(
      (_input, { signal }) => new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(new Error('aborted')))),
      hurried(),
    );
    expect(verdict).toMatchObject({ kind: 'retry', error: { code: 'ATTEMPT_TIMEOUT', message: expect.stringMatching(/its 10 ms/) } });
  });

  test('a handler that ignores it is not waited for, whatever becomes of it', async () => {
    const tardy = Promise.withResolvers<never>();
    const { verdict } = await run(() => tardy.promise, hurried());
    expect(verdict).toMatchObject({ kind: 'retry', error: { code: 'ATTEMPT_TIMEOUT' } });
    tardy.reject(new Error('nobody listens'));
    await expect(tardy.promise).rejects.toThrow('nobody listens');
  });

  test.each<[reason: Error, kind: Verdict['kind']]>([
    [new HandBackError('The agent stops.'), 'hand_back'],
    [new LockLostError('Lost.'), 'lost'],
  ])('%s gives the job up without a reply, even at the last attempt', async (reason, kind) => {
    const controller = new AbortController();
    const handler: Handler = (_input, { signal }) => {
      controller.abort(reason);
      return signal.aborted ? rejection(signal.reason) : fine;
    };
    expect((await run(handler, delivery({ controller, attempt: 3 }))).verdict).toEqual({ kind });
  });
});

function hurried(): Delivery {
  const given = delivery();
  return { ...given, assignment: { ...given.assignment, metadata: { ...given.assignment.metadata, attempt_timeout_ms: 10 } } };
}

function cycle(): object {
  const self: { self?: object } = {};
  self.self = self;
  return self;
}
