/** Attempts that are held, sent back, mended or cancelled. */
import { limits } from '@baton/core';
import { assignmentMessage } from '@baton/protocol';
import { CancelledError } from '@baton/queue';
import { exampleAssignment } from '@baton/testkit';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { delivery, fine, type Handler, late, rejection, reportOf, run } from './attempt-under-test.ts';
import { AgentOverloadedError } from './errors.ts';

describe('what is no attempt', () => {
  test('what was paused or cancelled before it began is held, expired or not, and the handler is not called', async () => {
    const ran = await run(() => expect.unreachable(), delivery({ isHeld: true, beganAt: late() }));
    expect(reportOf(ran)).toMatchObject({ outcome: { status: 'held' }, execution: { agent: 'data-agent-01' } });
    expect(ran.lines).toMatchObject([{ event: 'subtask_held', workflow_id: 'wf_1' }]);
  });

  test('what finds nothing to begin with in its tree is blocked, expired or not, and the handler is not called', async () => {
    const ran = await run(() => expect.unreachable(), delivery({ isBlocked: true, beganAt: late() }));
    expect(reportOf(ran)).toMatchObject({ outcome: { status: 'blocked' }, execution: { agent: 'data-agent-01' } });
    expect(ran.lines).toMatchObject([{ event: 'subtask_blocked', workflow_id: 'wf_1' }]);
  });

  test('what is paused is held, whatever its inputs have brought', async () => {
    expect(reportOf(await run(() => expect.unreachable(), delivery({ isHeld: true, isBlocked: true }))).outcome.status).toBe('held');
  });

  test.each([
    [250, 250],
    [0.2, 1],
    [-1, 0],
    [Number.NaN, 0],
    [Number.POSITIVE_INFINITY, limits.timeoutMsMax],
  ])('an agent that has too much to do sends it back, even at the last attempt (%d)', async (asked, retryAfterMs) => {
    const ran = await run(() => Promise.reject(new AgentOverloadedError(asked)), delivery({ attempt: 3 }));
    expect(reportOf(ran).outcome).toEqual({ status: 'overloaded', retryAfterMs });
    expect(ran.retries).toEqual([]);
  });
});

describe('repair', () => {
  test('the handler gets what was wrong with which output', async () => {
    const feedback = { problems: [{ path: '/uri', code: 'invalid_type', message: 'expected string' }], previousOutput: { uri: 7 } };
    let seen: unknown;
    const handler: Handler = (_input, { repair }) => {
      seen = repair;
      return fine;
    };
    await run(handler, delivery({ assignment: assignmentMessage(exampleAssignment({ repair: feedback }), 'wf_1~fetch~2') }));
    expect(seen).toEqual(feedback);
  });

  test('an output that does not fit comes with what was wrong, ready to be sent back', async () => {
    expect(reportOf(await run(() => ({ uri: 7, rows: [1] }))).outcome).toMatchObject({
      error: { code: 'INVALID_OUTPUT', details: { problems: [{ path: '/uri', code: 'invalid_type' }], output: { uri: 7, rows: [1] } } },
    });
  });

  test('too long an output is cut, as text; so is what is no JSON', async () => {
    const long = reportOf(await run(() => ({ url: 'x'.repeat(200_000) }))).outcome;
    expect(long).toMatchObject({ error: { code: 'INVALID_OUTPUT', details: { output: expect.stringMatching(/^\{"url":"x+…$/) } } });
    expect(JSON.stringify(long).length).toBeLessThan(40_000);
    expect(reportOf(await run(() => ({ n: 1n }), delivery(), { output: z.unknown() })).outcome).toMatchObject({
      error: { details: { problems: [{ code: 'not_json' }], output: '{ n: 1n }' } },
    });
  });
});

test.each(['heeds', 'ignores'])('a cancelled workflow aborts the signal: a handler that %s it ends as CANCELLED, never to be tried again', async (manner) => {
  const controller = new AbortController();
  const handler: Handler = (_input, { signal }) => {
    controller.abort(new CancelledError('The workflow was cancelled.'));
    return manner === 'heeds' ? rejection(signal.reason) : new Promise<never>(() => {});
  };
  const ran = await run(handler, delivery({ controller }));
  expect(reportOf(ran).outcome).toEqual({ status: 'failed', error: { code: 'CANCELLED', message: 'The workflow was cancelled.' } });
  expect(ran.retries).toEqual([]);
});
