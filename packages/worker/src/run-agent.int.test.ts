/** The kit on a real Redis: what happens to jobs, replies and attempts. */
import { once } from 'node:events';
import { type Assignment, dispatchId } from '@baton/core';
import { listAgents, openQueue, serverOf } from '@baton/queue';
import { exampleAssignment } from '@baton/testkit';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { agentWorld, fine } from './agents-under-test.ts';
import { NonRetryableError, RetryAfterError } from './errors.ts';

afterEach(() => void vi.restoreAllMocks());

const world = agentWorld();
const { start, dispatch, facts, replies } = world;

const jobOf = ({ workflowId, subtaskId, generation }: Assignment) =>
  openQueue(world.redis, world.prefix, 'cap.data.fetch').getJob(dispatchId(workflowId, subtaskId, generation));

describe('replies and attempts', () => {
  test('a result is replied, and stands in the job for reconciliation', async () => {
    const { id } = await start(async () => fine);
    const assignment = exampleAssignment();
    await dispatch(assignment);
    const [reply] = await replies(1);
    expect(reply?.report).toMatchObject({ workflowId: 'wf_1', outcome: { status: 'completed', result: fine }, execution: { agent: id, attempt: 1 } });
    // When it came is known of the stream's entry alone.
    const { at, ...report } = reply?.report ?? {};
    expect(at).toEqual(expect.any(Number));
    await expect.poll(() => facts(assignment)).toEqual({ state: 'completed', report });
  });

  test('attempts follow the policy of the assignment, and the last failure is replied', async () => {
    const attempts: number[] = [];
    const retried: string[] = [];
    await start(
      async (_input, { attempt }) => {
        attempts.push(attempt);
        throw new Error(`no answer ${attempt}`);
      },
      { onRetry: (capability, reason) => retried.push(`${capability} ${reason}`) },
    );
    const assignment = exampleAssignment({ retry: { attempts: 3, backoffMs: 5, backoffMsMax: 20, jitter: 0 } });
    await dispatch(assignment);
    const [reply] = await replies(1);
    expect(reply?.report).toMatchObject({
      outcome: { status: 'failed', error: { code: 'HANDLER_FAILED', message: 'no answer 3' } },
      execution: { attempt: 3 },
    });
    expect(attempts).toEqual([1, 2, 3]);
    expect(retried).toEqual(['data.fetch HANDLER_FAILED', 'data.fetch HANDLER_FAILED']);
    await expect.poll(async () => (await facts(assignment))?.state).toBe('completed');
  });

  test('between attempts the job is delayed by the backoff, and says why', async () => {
    await start(async () => Promise.reject(new Error('no answer')));
    const assignment = exampleAssignment({ retry: { attempts: 3, backoffMs: 20_000, backoffMsMax: 30_000, jitter: 0 } });
    await dispatch(assignment);
    await expect.poll(() => facts(assignment)).toMatchObject({ state: 'delayed', attemptsMade: 1, lastError: 'HANDLER_FAILED: no answer' });
    expect((await jobOf(assignment))?.delay).toBe(20_000);
  });

  test('RetryAfterError replaces the backoff', async () => {
    await start(async () => Promise.reject(new RetryAfterError(45_000)));
    const assignment = exampleAssignment();
    await dispatch(assignment);
    await expect.poll(async () => (await jobOf(assignment))?.delay).toBe(45_000);
  });

  describe('on a machine whose clock is ten minutes ahead', () => {
    beforeEach(() => {
      const now = Date.now.bind(Date);
      vi.spyOn(Date, 'now').mockImplementation(() => now() + 600_000);
    });

    test('the next attempt is not ten minutes late for those whose clocks are right', async () => {
      const begun: number[] = [];
      await start(async () => {
        begun.push(performance.now());
        if (begun.length === 1) throw new RetryAfterError(300);
        return fine;
      });
      const assignment = exampleAssignment();
      await dispatch(assignment);
      await expect.poll(() => begun.length).toBe(1);
      await expect.poll(async () => (await facts(assignment))?.state).not.toBe('active');
      vi.restoreAllMocks();
      expect((await replies(1))[0]?.report).toMatchObject({ outcome: { status: 'completed' }, execution: { attempt: 2 } });
      expect((begun[1] ?? 0) - (begun[0] ?? 0)).toBeGreaterThan(250);
    });

    test('a wait that is longer than that is reckoned from the right time', async () => {
      await start(async () => Promise.reject(new RetryAfterError(900_000)));
      const assignment = exampleAssignment();
      await dispatch(assignment);
      await expect.poll(async () => ((await jobOf(assignment))?.delay ?? 0) / 1_000).toBeCloseTo(300, 0);
    });
  });

  test('NonRetryableError ends it at the first attempt', async () => {
    await start(async () => Promise.reject(new NonRetryableError('no such file', { code: 'SOURCE_NOT_FOUND' })));
    await dispatch(exampleAssignment());
    expect((await replies(1))[0]?.report).toMatchObject({ outcome: { status: 'failed', error: { code: 'SOURCE_NOT_FOUND' } }, execution: { attempt: 1 } });
  });

  test('a timeout aborts the signal and counts as an attempt', async () => {
    const reasons: unknown[] = [];
    await start(async (_input, { signal, attempt }) => {
      if (attempt === 2) return fine;
      await once(signal, 'abort');
      reasons.push(signal.reason.code);
      throw signal.reason;
    });
    await dispatch(exampleAssignment({ attemptTimeoutMs: 30 }));
    expect((await replies(1))[0]?.report).toMatchObject({ outcome: { status: 'completed' }, execution: { attempt: 2 } });
    expect(reasons).toEqual(['ATTEMPT_TIMEOUT']);
  });

  test('an assignment dispatched twice runs once', async () => {
    let runs = 0;
    await start(async () => {
      runs += 1;
      return fine;
    });
    await dispatch(exampleAssignment(), exampleAssignment());
    await dispatch(exampleAssignment(), exampleAssignment({ subtaskId: 'last' }));
    expect((await replies(2)).map(({ report }) => String(report?.subtaskId)).toSorted()).toEqual(['fetch', 'last']);
    await dispatch(exampleAssignment(), exampleAssignment({ subtaskId: 'really_last' }));
    await expect.poll(() => runs).toBe(3);
  });

  test('what is no assignment fails with the reason, and nothing is replied', async () => {
    await start(async () => expect.unreachable());
    const job = await openQueue(world.redis, world.prefix, 'cap.data.fetch').add('data.fetch', { hello: 'world' }, { attempts: 5 });
    await expect.poll(() => job.getState()).toBe('failed');
    expect((await openQueue(world.redis, world.prefix, 'cap.data.fetch').getJob(job.id as string))?.failedReason).toMatch(/BAD_ASSIGNMENT.*\/message_id/);
    expect(await serverOf(world.redis, world.prefix).keys(`${world.prefix}:res.*`)).toEqual([]);
  });

  test('progress stands in the job while it runs', async () => {
    const release = Promise.withResolvers<void>();
    await start(async (_input, { progress }) => {
      progress(30, 'reading');
      await release.promise;
      return fine;
    });
    const assignment = exampleAssignment();
    await dispatch(assignment);
    await expect.poll(() => facts(assignment)).toMatchObject({ state: 'active', attempt: 1, progress: { percent: 30, message: 'reading' } });
    release.resolve();
    await replies(1);
  });
});

describe('the end of an agent', () => {
  test('a running subtask may finish within the grace', async () => {
    const started = Promise.withResolvers<void>();
    const release = Promise.withResolvers<void>();
    const agent = await start(async () => {
      started.resolve();
      await release.promise;
      return fine;
    });
    await dispatch(exampleAssignment());
    await started.promise;
    const closed = agent.close({ graceMs: 20_000 });
    release.resolve();
    await closed;
    expect((await replies(1))[0]?.report?.outcome.status).toBe('completed');
    expect(await listAgents(world.redis, world.prefix)).toEqual([]);
  });

  test.each(['heeds', 'ignores'])('after the grace a handler that %s its signal is handed back, at once and at the same attempt', async (manner) => {
    const started = Promise.withResolvers<void>();
    const reasons: unknown[] = [];
    const first = await start(
      async (_input, { signal }) => {
        signal.addEventListener('abort', () => reasons.push(signal.reason.code));
        started.resolve();
        if (manner === 'heeds') {
          await once(signal, 'abort');
          throw signal.reason as Error;
        }
        return await new Promise<never>(() => {});
      },
      // Stall recovery would take a minute: what brings the job back is the hand-back.
      { lockMs: 60_000, stalledMs: 60_000 },
    );
    const assignment = exampleAssignment({ retry: { attempts: 1, backoffMs: 0, backoffMsMax: 0, jitter: 0 } });
    await dispatch(assignment);
    await started.promise;
    await first.close({ graceMs: 10 });
    expect(reasons).toEqual(['AGENT_STOPPING']);
    expect(await facts(assignment)).toMatchObject({ state: 'queued' });
    await start(async (_input, { attempt }) => ({ uri: `attempt ${attempt}` }));
    expect((await replies(1))[0]?.report?.outcome).toEqual({ status: 'completed', result: { uri: 'attempt 1' } });
  });

  test('a closed agent takes nothing more', async () => {
    const agent = await start(async () => expect.unreachable());
    await agent.close();
    const assignment = exampleAssignment();
    await dispatch(assignment);
    expect(await facts(assignment)).toMatchObject({ state: 'queued' });
  });

  test('it is registered with the schemas of its capabilities while it lives', async () => {
    const { id } = await start(async () => fine, { concurrency: 7 });
    expect(await listAgents(world.redis, world.prefix)).toMatchObject([
      { id, name: 'data-agent', pid: process.pid, concurrency: 7, capabilities: [{ name: 'data.fetch', input: { properties: { path: { type: 'string' } } } }] },
    ]);
  });
});

test.each([1, 4])('a lost lock aborts the signal, and the job goes on (concurrency %i)', async (concurrency) => {
  const aborted = Promise.withResolvers<unknown>();
  let runs = 0;
  await start(
    async (_input, { signal }) => {
      runs += 1;
      if (runs > 1) return fine;
      await world.redis.del(`${world.prefix}:cap.data.fetch:wf_1~fetch~1:lock`);
      await once(signal, 'abort');
      aborted.resolve(signal.reason.code);
      throw signal.reason;
    },
    { concurrency },
  );
  await dispatch(exampleAssignment());
  expect(await aborted.promise).toBe('LOCK_LOST');
  expect((await replies(1))[0]?.report).toMatchObject({ outcome: { status: 'completed' }, execution: { attempt: 1 } });
});
