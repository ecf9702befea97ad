/** Parameters and results over the inline limit, on a real Redis: short on their way, whole where they are used, and told where they are lost. */
import { createRedisBlobs } from '@baton/blobs';
import { type Assignment, limits, type Tree } from '@baton/core';
import { exampleAssignment } from '@baton/testkit';
import { expect, test } from 'vitest';
import { agentWorld } from './agents-under-test.ts';

const world = agentWorld();
const { start, dispatch, dispatchTrees, facts, replies } = world;
const mebibyte = 1024 * 1024;
const long = 'l'.repeat(mebibyte);
const jobKey = () => `${world.prefix}:cap.data.fetch:wf_1~fetch~1`;
const blobsKey = () => `${world.prefix}:blob:wf_1`;
const assignment = (path = long) => exampleAssignment({ parameters: { path } });
const completed = (uri: string) => ({ status: 'completed', result: { uri } });
const lost = { status: 'failed', error: { code: 'PAYLOAD_LOST', message: expect.stringContaining('BATON_BLOBS') } };

test('a job and its reply are short, and the handler, the engine and whoever asks for the job see them whole', async () => {
  await start(async ({ path }) => ({ uri: `${path}!` }));
  await dispatch(assignment());
  const [reply] = await replies(1);
  expect(reply?.report?.outcome).toEqual(completed(`${long}!`));
  expect(reply?.raw.length).toBeLessThan(2_000);
  await expect.poll(() => facts(assignment())).toMatchObject({ state: 'completed', report: { outcome: completed(`${long}!`) } });
  expect(await world.redis.memory('USAGE', jobKey(), 'SAMPLES', 0)).toBeLessThan(limits.inlineBytesMax);
  expect(await world.redis.hlen(blobsKey())).toBe(2);
});

test('what only looks like a reference is what it is', async () => {
  const lookalike = JSON.stringify({ payload: { by_reference: { value: null, blobs: [{ at: [], sha256: 'ab'.repeat(32), bytes: 3 }] } } });
  await start(async ({ path }) => ({ uri: path }));
  await dispatch(assignment(lookalike));
  expect((await replies(1))[0]?.report?.outcome).toEqual(completed(lookalike));
});

test('parameters that are gone are told, and no handler runs', async () => {
  await dispatch(assignment());
  await world.redis.del(blobsKey());
  await start(() => expect.unreachable());
  expect((await replies(1))[0]?.report?.outcome).toEqual(lost);
});

test('a result that is gone is a failure, on the stream and in the job', async () => {
  await start(async () => ({ uri: long }));
  await dispatch(assignment('short'));
  await expect.poll(() => facts(assignment())).toMatchObject({ state: 'completed', report: { outcome: { status: 'completed' } } });
  await world.redis.del(blobsKey());
  expect((await replies(1))[0]?.report?.outcome).toEqual(lost);
  expect(await facts(assignment())).toMatchObject({ state: 'completed', report: { outcome: lost } });
});

test('a job that was replied by reference is not done again', async () => {
  const [began, gate] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  await start(
    async () => {
      began.resolve();
      await gate.promise;
      return { uri: 'first' };
    },
    { lockMs: 60_000, concurrency: 1 },
  );
  await dispatch(assignment('short'));
  await began.promise;
  // Another agent has it now.
  await world.redis.del(`${jobKey()}:lock`);
  await start(async () => ({ uri: long }));
  await replies(1);
  gate.resolve();
  await expect.poll(async () => (await replies(2)).length).toBe(2);
  expect(await facts(assignment())).toMatchObject({ state: 'completed', report: { outcome: completed(long) } });
});

test('through a tree', async () => {
  const leaf = (subtaskId: string): Assignment => exampleAssignment({ subtaskId, parameters: { path: subtaskId } });
  const behind = (subtaskId: string, input: Tree): Tree => ({
    assignment: {
      ...leaf(subtaskId),
      parameters: { path: null },
      inputs: [input.assignment.subtaskId],
      bindings: [{ at: ['path'], input: input.assignment.subtaskId, path: ['uri'], optional: false }],
    },
    inputs: [input],
  });
  await start(async ({ path }, { subtaskId }) => ({ uri: subtaskId === 'one' ? long : `${path}!` }));
  await dispatchTrees(behind('three', behind('two', { assignment: leaf('one'), inputs: [] })));
  const found = new Map((await replies(3)).map(({ report }) => [report?.subtaskId, report?.outcome]));
  expect(found.get('three')).toEqual(completed(`${long}!!`));
});

test('a blob store that is away for a moment is waited for, and the handler runs once', async () => {
  const inRedis = createRedisBlobs({ redis: world.redis, prefix: world.prefix });
  let failures = 2;
  const put: typeof inRedis.put = async (...blob) => {
    if (failures > 0) throw new Error(`away, ${(failures -= 1)} more`);
    await inRedis.put(...blob);
  };
  let runs = 0;
  await start(
    async () => {
      runs += 1;
      return { uri: long };
    },
    { blobs: { ...inRedis, put } },
  );
  await dispatch(assignment('short'));
  expect((await replies(1))[0]?.report?.outcome).toEqual(completed(long));
  expect(runs).toBe(1);
});
