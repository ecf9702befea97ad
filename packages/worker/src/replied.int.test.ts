/** A job that was replied before it was done, and comes again, or is in two hands: on a real Redis, by agents that lost it without noticing. */
import { openQueue, serverOf } from '@baton/queue';
import { exampleAssignment } from '@baton/testkit';
import { expect, test } from 'vitest';
import { agentWorld } from './agents-under-test.ts';
import type { AgentOptions } from './run-agent.ts';

const world = agentWorld();
const { start, dispatch, facts, replies } = world;
const jobKey = () => `${world.prefix}:cap.data.fetch:wf_1~fetch~1`;
const completed = (uri: string) => ({ status: 'completed', result: { uri } });

interface Held {
  readonly began: Promise<void>;
  readonly goOn: () => void;
}

/** An agent that takes the next job, and answers with `uri` when it is told to go on. */
async function holding(uri: string, options: AgentOptions = {}): Promise<Held> {
  const [began, gate] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  await start(async () => {
    began.resolve();
    await gate.promise;
    return { uri };
  }, options);
  return { began: began.promise, goOn: gate.resolve };
}

/** The first agent has lost the job to the second, and does not know. */
async function inTwoHands(): Promise<{ readonly first: Held; readonly second: Held }> {
  const first = await holding('first', { lockMs: 60_000, concurrency: 1 });
  await dispatch(exampleAssignment());
  await first.began;
  await world.redis.del(`${jobKey()}:lock`);
  const second = await holding('second');
  await second.began;
  return { first, second };
}

test('the first reply counts for both: the job is done with the one that is settled', async () => {
  const { first, second } = await inTwoHands();
  first.goOn();
  expect((await replies(1)).map(({ report }) => report?.outcome)).toEqual([completed('first')]);
  second.goOn();
  await expect.poll(() => facts(exampleAssignment())).toMatchObject({ state: 'completed', report: { outcome: completed('first') } });
  expect((await replies(2))[0]?.report?.outcome).toEqual(completed('first'));
});

test('a reply that comes when BullMQ has forgotten the job leaves nothing of it', async () => {
  const { first, second } = await inTwoHands();
  second.goOn();
  await expect.poll(() => facts(exampleAssignment())).toMatchObject({ state: 'completed', report: { outcome: completed('second') } });
  await (await openQueue(world.redis, world.prefix, 'cap.data.fetch').getJob('wf_1~fetch~1'))?.remove();
  first.goOn();
  expect((await replies(2)).map(({ report }) => report?.outcome)).toEqual([completed('second'), completed('first')]);
  await expect.poll(() => serverOf(world.redis, world.prefix).keys(`${jobKey()}*`)).toEqual([]);
});

test('a person who has BullMQ do a finished job again has it done, not repeated', async () => {
  let runs = 0;
  await start(async () => ({ uri: `run ${(runs += 1)}` }));
  const assignment = exampleAssignment();
  await dispatch(assignment);
  await expect.poll(() => facts(assignment)).toMatchObject({ state: 'completed' });
  await (await openQueue(world.redis, world.prefix, 'cap.data.fetch').getJob('wf_1~fetch~1'))?.retry('completed');
  expect((await replies(2)).map(({ report }) => report?.outcome)).toEqual([completed('run 1'), completed('run 2')]);
});
