/** `once` with agents on a real Redis: attempts, agents that come and go, two at a time, and what is left of it. */

import { connectRedis, openQueue, serverEndpoint, serverOf } from '@baton/queue';
import { exampleAssignment } from '@baton/testkit';
import { describe, expect, test } from 'vitest';
import { agentWorld } from './agents-under-test.ts';
import { NonRetryableError, RetryAfterError } from './errors.ts';

const world = agentWorld();
const { start, dispatch, facts, replies } = world;
const retry = { attempts: 3, backoffMs: 1, backoffMsMax: 1, jitter: 0 };
const callsKey = (generation = 1) => `${world.prefix}:cap.data.fetch:once:wf_1~fetch~${generation}`;
const jobKey = () => `${world.prefix}:cap.data.fetch:wf_1~fetch~1`;

/** An agent that does not look in time whether its lock is there, as one that was frozen does not; and takes nothing beside what it has. */
const unaware = { lockMs: 60_000, concurrency: 1 };

/** Its job is anybody's: the next agent that looks for such jobs takes it. */
async function loseLock(): Promise<void> {
  await world.redis.del(`${jobKey()}:lock`);
}

test('attempts share what their effects came to', async () => {
  let effects = 0;
  await start(async (_input, { once, attempt }) => {
    const uri = await once('write', () => `file ${(effects += 1)}`);
    if (attempt < 3) throw new Error('too early');
    return { uri };
  });
  await dispatch(exampleAssignment({ retry }));
  expect((await replies(1))[0]?.report).toMatchObject({ outcome: { result: { uri: 'file 1' } }, execution: { attempt: 3 } });
  expect(effects).toBe(1);
});

test('an agent that stops leaves what its effects came to for the next one', async () => {
  const written = Promise.withResolvers<void>();
  const first = await start(async (_input, { once }) => {
    await once('write', () => 'file of the first');
    written.resolve();
    return await new Promise<never>(() => {});
  });
  await dispatch(exampleAssignment());
  await written.promise;
  await first.close({ graceMs: 0 });
  await start(async (_input, { once }) => ({ uri: await once('write', () => expect.unreachable()) }));
  expect((await replies(1))[0]?.report?.outcome).toMatchObject({ result: { uri: 'file of the first' } });
});

test('another dispatch of the same subtask begins anew', async () => {
  await start(async (_input, { once, idempotencyKey }) => ({ uri: await once('write', () => idempotencyKey) }));
  await dispatch(exampleAssignment(), exampleAssignment({ generation: 2 }));
  const uris = (await replies(2)).map(({ report }) => report?.outcome);
  expect(uris).toEqual(expect.arrayContaining([1, 2].map((generation) => ({ status: 'completed', result: { uri: `wf_1~fetch~${generation}` } }))));
});

test('a dispatch that goes on with the work of another has its key, and what its effects came to', async () => {
  const effects: string[] = [];
  await start(async (_input, { once, idempotencyKey }) => ({ uri: `${idempotencyKey} ${await once('write', () => effects.push(idempotencyKey))}` }));
  await dispatch(exampleAssignment());
  await replies(1);
  await dispatch(exampleAssignment({ generation: 2, idempotencyKey: 'wf_1~fetch~1' }));
  expect((await replies(2)).map(({ report }) => report?.outcome)).toEqual([1, 2].map(() => ({ status: 'completed', result: { uri: 'wf_1~fetch~1 1' } })));
  expect(effects).toEqual(['wf_1~fetch~1']);
});

describe('an agent that has lost its job without noticing', () => {
  test('begins no effect', async () => {
    const [began, goOn] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const refused = Promise.withResolvers<unknown>();
    await start(async (_input, { once }) => {
      began.resolve();
      await goOn.promise;
      refused.resolve(await once('write', () => expect.unreachable()).catch((error) => error.code));
      throw new NonRetryableError('It is heard by nobody.');
    }, unaware);
    await dispatch(exampleAssignment());
    await began.promise;
    await loseLock();
    // It begins none while the other one is at work, which has kept nothing yet.
    const working = Promise.withResolvers<void>();
    await start(async (_input, { once }) => {
      goOn.resolve();
      await refused.promise;
      working.resolve();
      return { uri: await once('write', () => 'file') };
    });
    expect(await refused.promise).toBe('LOCK_LOST');
    await working.promise;
    expect((await replies(1)).map(({ report }) => report?.outcome)).toEqual([{ status: 'completed', result: { uri: 'file' } }]);
  });

  test('in the middle of an effect gets what the other one has kept', async () => {
    const [inEffect, goOn] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const got = Promise.withResolvers<string>();
    await start(async (_input, { once }) => {
      const uri = await once('write', async () => {
        inEffect.resolve();
        await goOn.promise;
        return 'file of the first';
      });
      got.resolve(uri);
      return { uri };
    }, unaware);
    await dispatch(exampleAssignment());
    await inEffect.promise;
    await loseLock();
    await start(async (_input, { once }) => {
      const uri = await once('write', () => 'file of the second');
      goOn.resolve();
      return { uri };
    });
    expect(await got.promise).toBe('file of the second');
    expect(await world.redis.hgetall(callsKey())).toEqual({ write: '"file of the second"' });
  });
});

describe('what is kept', () => {
  const hour = 3_600_000;
  const left = async (): Promise<number> => await world.redis.pttl(callsKey());
  /** Less what the test took. */
  const nearly = (ms: number) => (found: number) => found <= ms && found > ms - 30_000;

  test('expires when the job cannot run any more, and soon once it is replied', async () => {
    let before = 0;
    await start(async (_input, { once }) => {
      const uri = await once('write', () => 'file');
      before = await left();
      return { uri };
    });
    await dispatch(exampleAssignment({ retry, attemptTimeoutMs: 1_000_000 }));
    await replies(1);
    expect(before).toSatisfy(nearly(3 * (1_000_000 + 30_000) + hour));
    await expect.poll(left).toSatisfy(nearly(60_000));
  });

  test('is kept for as long anew when an attempt finds it', async () => {
    let before = 0;
    await start(async (_input, { once, attempt }) => {
      if (attempt === 2) await world.redis.pexpire(callsKey(), 60_000);
      const uri = await once('write', () => 'file');
      if (attempt === 1) throw new Error('too early');
      before = await left();
      return { uri };
    });
    await dispatch(exampleAssignment({ retry, attemptTimeoutMs: 1_000_000 }));
    await replies(1);
    expect(before).toSatisfy(nearly(2 * (1_000_000 + 30_000) + hour));
  });

  test('outlasts the wait that a handler asks for', async () => {
    await start(async (_input, { once }) => {
      await once('write', () => 'file');
      throw new RetryAfterError(50 * hour);
    });
    const assignment = exampleAssignment({ retry, attemptTimeoutMs: 1_000_000 });
    await dispatch(assignment);
    await expect.poll(() => facts(assignment)).toMatchObject({ state: 'delayed' });
    expect(await left()).toSatisfy(nearly(50 * hour + 3 * (1_000_000 + 30_000) + hour));
  });

  test('is all that an effect leaves beside the job', async () => {
    await start(async (_input, { once }) => ({ uri: await once('write', () => 'file') }));
    const assignment = exampleAssignment();
    await dispatch(assignment);
    await expect.poll(() => facts(assignment)).toMatchObject({ state: 'completed' });
    await (await openQueue(world.redis, world.prefix, 'cap.data.fetch').getJob('wf_1~fetch~1'))?.remove();
    expect(await serverOf(world.redis, world.prefix).keys(`${world.prefix}:cap.data.fetch:*wf_1*`)).toEqual([callsKey()]);
  });
});

test('the rights of an agent suffice: the keys of its capability, and its result streams', async () => {
  const { redis, prefix } = world;
  const registry = ['agents', 'agents.data.fetch', 'agent:*', 'capabilities', 'partners', 'trees.data.fetch'];
  const rights = ['cap.data.fetch:*', 'res.data.fetch.*', ...registry].map((key) => `~${prefix}:${key}`);
  const server = serverOf(redis, prefix);
  await server.call('ACL', 'SETUSER', 'confined', 'on', '>secret', '+@all', ...rights, `%R~${prefix}:ctl:*`, `%R~${prefix}:shards`);
  const confined = await connectRedis(`redis://confined:secret@${serverEndpoint(server)}`, { name: 'confined' });
  const agent = await start(
    async (_input, { once, attempt }) => {
      const uri = await once('write', () => `file of attempt ${attempt}`);
      if (attempt === 1) throw new Error('too early');
      return { uri };
    },
    { redis: confined },
  );
  await dispatch(exampleAssignment({ retry }));
  expect((await replies(1))[0]?.report?.outcome).toMatchObject({ result: { uri: 'file of attempt 1' } });
  await agent.close();
  confined.disconnect();
  await redis.call('ACL', 'DELUSER', 'confined');
});
