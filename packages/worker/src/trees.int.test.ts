/** Trees as agents on a real Redis run them: nobody tells the agent of a subtask that what stood before it is done. */
import type { Binding, Outcome, Tree } from '@baton/core';
import { listAgents, watchTreePartners } from '@baton/queue';
import { exampleAssignment } from '@baton/testkit';
import { expect, test } from 'vitest';
import { agentWorld, fine } from './agents-under-test.ts';
import { AgentOverloadedError, NonRetryableError } from './errors.ts';

const world = agentWorld();
const { start, dispatchTrees, facts, replies } = world;

const retry = { attempts: 3, backoffMs: 1, backoffMsMax: 1, jitter: 0 };
const leaf = (subtaskId: string): Tree => ({ assignment: exampleAssignment({ subtaskId, parameters: { path: subtaskId }, retry }), inputs: [] });

/** Its path is what the first of its inputs has brought. */
function behind(subtaskId: string, ...inputs: readonly Tree[]): Tree {
  const ids = inputs.map(({ assignment }) => assignment.subtaskId);
  const bindings: readonly Binding[] = [{ at: ['path'], input: ids[0] as string, path: ['uri'], optional: false }];
  return { assignment: exampleAssignment({ subtaskId, parameters: { path: null }, bindings, inputs: ids, retry }), inputs };
}

const chain = behind('three', behind('two', leaf('one')));

/** By subtask, in the order in which they were replied. */
async function outcomes(count: number): Promise<readonly (readonly [string, Outcome])[]> {
  return (await replies(count)).flatMap(({ report }) => (report === null ? [] : [[report.subtaskId, report.outcome] as const]));
}

const completed = (uri: string): Outcome => ({ status: 'completed', result: { uri } });

test('a chain runs through with nobody in between, each step on what the one before it has brought', async () => {
  await start(async ({ path }) => ({ uri: `${path}!` }));
  await dispatchTrees(chain);
  expect(await outcomes(3)).toEqual([
    ['one', completed('one!')],
    ['two', completed('one!!')],
    ['three', completed('one!!!')],
  ]);
});

test('many agents share a wide tree, and its root begins once, after all of them', async () => {
  const begun: string[] = [];
  const handler = async ({ path }: { path: string }, { subtaskId }: { subtaskId: string }) => {
    begun.push(subtaskId);
    return { uri: path };
  };
  await Promise.all([start(handler), start(handler), start(handler)]);
  const inputs = Array.from({ length: 60 }, (_, index) => leaf(`item_${index}`));
  await dispatchTrees(behind('all', ...inputs));
  expect(Object.fromEntries(await outcomes(61))['all']).toEqual(completed('item_0'));
  expect([begun.length, begun.at(-1)]).toEqual([61, 'all']);
});

test('attempts are the same as without a tree: a step is tried again on the same inputs', async () => {
  const seen: string[] = [];
  await start(async ({ path }, { subtaskId, attempt }) => {
    seen.push(`${subtaskId} ${attempt} ${path}`);
    if (subtaskId !== 'three' && attempt < 3) throw new Error('no answer');
    return { uri: `${path}!` };
  });
  await dispatchTrees(chain);
  await outcomes(3);
  expect(seen).toEqual(['one 1 one', 'one 2 one', 'one 3 one', 'two 1 one!', 'two 2 one!', 'two 3 one!', 'three 1 one!!']);
});

test.each<[what: string, error: () => Error, status: Outcome['status']]>([
  ['failed for good', () => new NonRetryableError('no such file'), 'failed'],
  ['used up its attempts', () => new Error('no answer'), 'failed'],
  ['was sent back', () => new AgentOverloadedError(1_000), 'overloaded'],
])('nothing runs behind a step that %s', async (_what, error, status) => {
  await start(async (_input, { subtaskId }) => (subtaskId === 'one' ? Promise.reject(error()) : expect.unreachable()));
  await dispatchTrees(chain);
  expect((await outcomes(3)).map(([id, outcome]) => [id, outcome.status])).toEqual([
    ['one', status],
    ['two', 'blocked'],
    ['three', 'blocked'],
  ]);
  // A blocked job is done, like every other that was replied.
  await expect.poll(() => facts(chain.assignment)).toMatchObject({ state: 'completed', report: { outcome: { status: 'blocked' } } });
});

test('a pause holds what has not begun, in the middle of a tree too', async () => {
  await start(async ({ path }) => {
    await world.redis.hset(`${world.prefix}:ctl:wf_1`, '*', 'paused');
    return { uri: path };
  });
  await dispatchTrees(chain);
  expect((await outcomes(3)).map(([id, outcome]) => [id, outcome.status])).toEqual([
    ['one', 'completed'],
    ['two', 'held'],
    ['three', 'held'],
  ]);
});

test('a subtask that is cancelled while its inputs run does not begin', async () => {
  await start(async ({ path }) => {
    await world.redis.hset(`${world.prefix}:ctl:wf_1`, 'two~1', 'cancelled:0');
    return { uri: path };
  });
  await dispatchTrees(chain);
  expect((await outcomes(3)).map(([id, outcome]) => [id, outcome.status])).toEqual([
    ['one', 'completed'],
    ['two', 'held'],
    ['three', 'blocked'],
  ]);
});

test('a tree outlives its agents: another one goes on where it was', async () => {
  const first = await start(async ({ path }, { subtaskId }) => (subtaskId === 'one' ? { uri: path } : await new Promise<never>(() => {})));
  await dispatchTrees(chain);
  await expect.poll(() => facts(behind('two').assignment)).toMatchObject({ state: 'active' });
  await first.close({ graceMs: 0 });
  await start(async ({ path }) => ({ uri: `${path} again` }));
  expect(await outcomes(3)).toEqual([
    ['one', completed('one')],
    ['two', completed('one again')],
    ['three', completed('one again again')],
  ]);
});

test('time to live runs from when the last input was done, not from when the tree was sent', async () => {
  await start(async ({ path }) => ({ uri: path }));
  const root = behind('two', leaf('one'));
  await dispatchTrees({ ...root, assignment: { ...root.assignment, issuedAt: Date.now() - 600_000, ttlMs: 60_000 } });
  expect((await outcomes(2)).map(([id, outcome]) => [id, outcome.status])).toEqual([
    ['one', 'completed'],
    ['two', 'completed'],
  ]);
});

test('an agent says that it can, and whom it trusts', async () => {
  await start(async () => fine);
  await start(async () => fine, { trustDomain: 'bank' });
  const says = (await listAgents(world.redis, world.prefix)).map(({ kit, trust_domain }) => [kit, trust_domain]);
  expect(says).toEqual(
    expect.arrayContaining([
      [{ trees: true }, 'default'],
      [{ trees: true }, 'bank'],
    ]),
  );
  const partners = await watchTreePartners({ redis: world.redis, prefix: world.prefix, onError: (error) => expect.unreachable(error.message) });
  partners.close();
  expect(partners.sameTree('data.fetch', 'data.fetch')).toBe(false);
});
