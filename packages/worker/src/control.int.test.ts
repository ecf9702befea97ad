/** Pause, cancel, overload and repair, as agents on a real Redis do them. */
import { once } from 'node:events';
import type { Json, Problem } from '@baton/core';
import { exampleAssignment } from '@baton/testkit';
import { describe, expect, test } from 'vitest';
import { agentWorld, fine } from './agents-under-test.ts';
import { AgentOverloadedError } from './errors.ts';

const world = agentWorld();
const { start, dispatch, facts, replies } = world;

describe('control', () => {
  const flag = async (field: string, value: string): Promise<unknown> => await world.redis.hset(`${world.prefix}:ctl:wf_1`, field, value);

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
    await world.redis.hdel(`${world.prefix}:ctl:wf_1`, '*');
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
    expect((await replies(2)).map(({ report }) => String(report?.outcome.status)).toSorted()).toEqual(['completed', 'held']);
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
    expect((await replies(2)).map(({ report }) => String(report?.outcome.status)).toSorted()).toEqual(['completed', 'failed']);
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
