/** The kit on a real Redis: what happens to jobs, replies and attempts. */
import { once } from 'node:events';
import { type Assignment, dispatchId, type Json, type Problem, partitionOf, type ReceivedReply } from '@baton/core';
import { connectRedis, createReplyReader, createSubtaskQueue, listAgents, openQueue, type Redis } from '@baton/queue';
import { exampleAssignment, type RedisFixture, randomPrefix, startRedis } from '@baton/testkit';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { defineAgent } from './define-agent.ts';
import { AgentOverloadedError, NonRetryableError, RetryAfterError } from './errors.ts';
import type { AgentLogger, HandlerContext } from './handler-context.ts';
import { type AgentOptions, type RunningAgent, runAgent } from './run-agent.ts';

let fixture: RedisFixture;
let redis: Redis;
let prefix: string;
const closers: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  fixture = await startRedis();
  redis = await connectRedis(fixture.url, { name: 'worker-test' });
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

const silent: AgentLogger = { debug() {}, info() {}, warn() {}, error() {}, child: () => silent };
type Handler = (input: { path: string }, context: HandlerContext) => Promise<{ uri: string }>;
const fine = { uri: 'file:///sales.json' };

async function start(handler: Handler, options: AgentOptions = {}): Promise<RunningAgent> {
  const agent = defineAgent({
    name: 'data-agent',
    capabilities: { 'data.fetch': { input: z.object({ path: z.string() }), output: z.object({ uri: z.string() }), handler } },
  });
  const running = await runAgent(agent, { redis, prefix, logger: silent, lockMs: 1_000, stalledMs: 200, ...options });
  closers.push(() => running.close({ graceMs: 0 }));
  return running;
}

async function dispatch(...assignments: readonly Assignment[]): Promise<void> {
  const queue = createSubtaskQueue({ redis, prefix });
  await queue.dispatch(assignments.map((assignment) => ({ assignment, inputs: [] })));
  await queue.close();
}

async function facts(assignment: Assignment) {
  const queue = createSubtaskQueue({ redis, prefix });
  const [found] = await queue.facts([assignment]);
  await queue.close();
  return found;
}

/** Reads until there are so many; what it read stays in the stream. */
async function replies(count: number, workflowId = 'wf_1'): Promise<readonly ReceivedReply[]> {
  const reader = createReplyReader({ redis, prefix });
  closers.push(reader.close);
  reader.own([partitionOf(workflowId)]);
  const all: ReceivedReply[] = [];
  await expect.poll(async () => all.push(...(await reader.read(200))), { timeout: 20_000 }).toBeGreaterThanOrEqual(count);
  return all;
}

const jobOf = ({ workflowId, subtaskId, generation }: Assignment) =>
  openQueue(redis, prefix, 'cap.data.fetch').getJob(dispatchId(workflowId, subtaskId, generation));

describe('replies and attempts', () => {
  test('a result is replied, and stands in the job for reconciliation', async () => {
    const { id } = await start(async () => fine);
    const assignment = exampleAssignment();
    await dispatch(assignment);
    const [reply] = await replies(1);
    expect(reply?.report).toMatchObject({ workflowId: 'wf_1', outcome: { status: 'completed', result: fine }, execution: { agent: id, attempt: 1 } });
    await expect.poll(() => facts(assignment)).toEqual({ state: 'completed', report: reply?.report });
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
    const job = await openQueue(redis, prefix, 'cap.data.fetch').add('data.fetch', { hello: 'world' }, { attempts: 5 });
    await expect.poll(() => job.getState()).toBe('failed');
    expect((await openQueue(redis, prefix, 'cap.data.fetch').getJob(job.id as string))?.failedReason).toMatch(/BAD_ASSIGNMENT.*\/message_id/);
    expect(await redis.keys(`${prefix}:res.*`)).toEqual([]);
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
    expect(await listAgents(redis, prefix)).toEqual([]);
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
    expect(await listAgents(redis, prefix)).toMatchObject([
      { id, name: 'data-agent', pid: process.pid, concurrency: 7, capabilities: [{ name: 'data.fetch', input: { properties: { path: { type: 'string' } } } }] },
    ]);
  });
});

describe('control', () => {
  const flag = async (field: string, value: string): Promise<unknown> => await redis.hset(`${prefix}:ctl:wf_1`, field, value);

  test.each(['paused', 'cancelled:0', 'cancelled:99999999999999'])(
    'what is %s before an agent takes it is held: replied, done, and not begun',
    async (value) => {
      await flag('*', value);
      await start(async () => expect.unreachable());
      const assignment = exampleAssignment();
      await dispatch(assignment);
      expect((await replies(1))[0]?.report).toMatchObject({ generation: 1, outcome: { status: 'held' } });
      await expect.poll(() => facts(assignment)).toMatchObject({ state: 'completed', report: { outcome: { status: 'held' } } });
    },
  );

  test('after a resume the next dispatch runs', async () => {
    await flag('*', 'paused');
    await start(async () => fine);
    await dispatch(exampleAssignment());
    await replies(1);
    await redis.hdel(`${prefix}:ctl:wf_1`, '*');
    await dispatch(exampleAssignment({ generation: 2 }));
    expect((await replies(2)).map(({ report }) => [report?.generation, report?.outcome.status])).toEqual([
      [1, 'held'],
      [2, 'completed'],
    ]);
  });

  test('a pause between two attempts holds the second', async () => {
    const attempts: number[] = [];
    await start(async (_input, { attempt }) => {
      attempts.push(attempt);
      await flag('*', 'paused');
      throw new Error('no answer');
    });
    await dispatch(exampleAssignment());
    expect((await replies(1))[0]?.report).toMatchObject({ outcome: { status: 'held' }, execution: { attempt: 2 } });
    expect(attempts).toEqual([1]);
  });

  test('a pause does not touch what runs, and other workflows go on', async () => {
    const release = Promise.withResolvers<void>();
    const began = Promise.withResolvers<void>();
    const aborted: unknown[] = [];
    await start(async (_input, { workflowId, signal }) => {
      signal.addEventListener('abort', () => aborted.push(signal.reason));
      if (workflowId === 'wf_1') {
        began.resolve();
        await release.promise;
      }
      return fine;
    });
    await dispatch(exampleAssignment());
    await began.promise;
    await flag('*', 'paused');
    await dispatch(exampleAssignment({ subtaskId: 'clean' }), exampleAssignment({ workflowId: 'wf_2' }));
    expect((await replies(1, 'wf_2'))[0]?.report?.outcome.status).toBe('completed');
    // By now the flag was looked at while the first one ran.
    const [held] = await replies(1);
    expect(held?.report).toMatchObject({ subtaskId: 'clean', outcome: { status: 'held' } });
    release.resolve();
    expect((await replies(2)).map(({ report }) => report?.outcome.status).toSorted()).toEqual(['completed', 'held']);
    expect(aborted).toEqual([]);
  });

  test('a cancelled subtask aborts, is replied as CANCELLED and not tried again; its siblings go on', async () => {
    const release = Promise.withResolvers<void>();
    const runs: string[] = [];
    await start(async (_input, { subtaskId, signal }) => {
      runs.push(subtaskId);
      if (subtaskId === 'item[0]') await once(signal, 'abort');
      else await release.promise;
      return fine;
    });
    await dispatch(exampleAssignment({ subtaskId: 'item[0]' }), exampleAssignment({ subtaskId: 'item[1]' }));
    await expect.poll(() => runs.length).toBe(2);
    await flag('item[0]~1', `cancelled:${Date.now()}`);
    expect((await replies(1))[0]?.report).toMatchObject({ subtaskId: 'item[0]', outcome: { status: 'failed', error: { code: 'CANCELLED' } } });
    release.resolve();
    expect((await replies(2)).map(({ report }) => report?.outcome.status).toSorted()).toEqual(['completed', 'failed']);
    expect(runs).toHaveLength(2);
  });
});

test('an overloaded agent sends the work back: no attempt is used, and the job is done', async () => {
  let isBusy = true;
  await start(async (_input, { attempt }) => {
    if (!isBusy) return { uri: `attempt ${attempt}` };
    isBusy = false;
    throw new AgentOverloadedError(1_500);
  });
  const assignment = exampleAssignment({ retry: { attempts: 1, backoffMs: 0, backoffMsMax: 0, jitter: 0 } });
  await dispatch(assignment);
  expect((await replies(1))[0]?.report?.outcome).toEqual({ status: 'overloaded', retryAfterMs: 1_500 });
  await expect.poll(async () => (await facts(assignment))?.state).toBe('completed');
  await dispatch({ ...assignment, generation: 2 });
  expect((await replies(2)).at(-1)?.report?.outcome).toEqual({ status: 'completed', result: { uri: 'attempt 1' } });
});

test('an output that does not fit goes back with what was wrong, and is mended', async () => {
  await start(async (_input, { repair }) => (repair === null ? ({ url: 'x' } as unknown as { uri: string }) : { uri: JSON.stringify(repair.previousOutput) }));
  const assignment = exampleAssignment();
  await dispatch(assignment);
  const outcome = (await replies(1))[0]?.report?.outcome;
  const { problems, output } = (outcome?.status === 'failed' ? outcome.error.details : {}) as unknown as { problems: Problem[]; output: Json };
  expect(problems).toMatchObject([{ path: '/uri' }]);
  await dispatch({ ...assignment, generation: 2, repair: { problems, previousOutput: output } });
  expect((await replies(2)).at(-1)?.report?.outcome).toEqual({ status: 'completed', result: { uri: '{"url":"x"}' } });
});

test.each([1, 4])('a lost lock aborts the signal, and the job goes on (concurrency %i)', async (concurrency) => {
  const aborted = Promise.withResolvers<unknown>();
  let runs = 0;
  await start(
    async (_input, { signal }) => {
      runs += 1;
      if (runs > 1) return fine;
      await redis.del(`${prefix}:cap.data.fetch:wf_1~fetch~1:lock`);
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
