/** Agents killed with SIGKILL around an effect that is counted outside Redis, and around the reply: what was done is not done again. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { partitionCount, type ReceivedReply, type Tree } from '@baton/core';
import { connectRedis, createReplyReader, createSubtaskQueue, type Redis } from '@baton/queue';
import { exampleAssignment, type RedisFixture, randomPrefix, startProcess, startRedis, type TestProcess } from '@baton/testkit';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';

const main = fileURLToPath(new URL('./fixture/effect-process.ts', import.meta.url));
const key = 'wf_1~fetch~1';
const leaf: Tree = { assignment: exampleAssignment(), inputs: [] };
/** `clean` behind `fetch`, whose result it takes for its path. */
const chain: Tree = {
  assignment: exampleAssignment({
    subtaskId: 'clean',
    inputs: ['fetch'],
    parameters: { path: null },
    bindings: [{ at: ['path'], input: 'fetch', path: ['uri'], optional: false }],
  }),
  inputs: [leaf],
};

let fixture: RedisFixture;
let redis: Redis;
let folder: string;
let prefix: string;
let processes: TestProcess[];
let reader: ReturnType<typeof createReplyReader>;
let queue: ReturnType<typeof createSubtaskQueue>;

beforeAll(async () => {
  fixture = await startRedis();
  redis = await connectRedis(fixture.url, { name: 'once-test' });
  folder = await mkdtemp(join(tmpdir(), 'baton-once-'));
});
afterAll(async () => {
  redis?.disconnect();
  await fixture?.stop();
  await rm(folder, { recursive: true, force: true });
});
beforeEach(() => {
  prefix = randomPrefix();
  processes = [];
  queue = createSubtaskQueue({ redis, prefix });
  reader = createReplyReader({ redis, prefix });
  reader.own(Array.from({ length: partitionCount }, (_, partition) => partition));
});
afterEach(async () => {
  await Promise.all([...processes.map((child) => child.end('SIGKILL')), reader.close(), queue.close()]);
});

const file = (): string => join(folder, prefix);

function agent(dies: 'in_effect' | 'after_effect' | 'at_completion' | 'waits' | 'never', ...fails: readonly 'fails'[]): TestProcess {
  const child = startProcess(main, {}, [fixture.url, prefix, file(), dies, ...fails]);
  processes.push(child);
  return child;
}

/** It takes the job, and is dead. */
async function victim(dies: 'in_effect' | 'after_effect' | 'at_completion', ...fails: readonly 'fails'[]): Promise<TestProcess> {
  const child = agent(dies, ...fails);
  expect(await child.ended).toBeNull();
  return child;
}

/** What was written outside Redis: who ran the handler, and for which dispatch the effect was had. */
async function written(): Promise<readonly string[]> {
  return (await readFile(file(), 'utf8')).trim().split('\n');
}

async function replies(count: number): Promise<readonly ReceivedReply[]> {
  const all: ReceivedReply[] = [];
  await expect.poll(async () => all.push(...(await reader.read(200))), { timeout: 30_000 }).toBeGreaterThanOrEqual(count);
  return all;
}

const outcomes = (all: readonly ReceivedReply[]) => all.map(({ report }) => report?.outcome);
const by = ({ pid }: TestProcess) => ({ status: 'completed', result: { uri: `pid:${pid}` } });
const done = async (tree = leaf): Promise<unknown> => (await queue.facts([tree.assignment]))[0];

describe('an effect that is guarded by once', () => {
  test('is had once though the agent is killed right after it, and its result is what the next one gets', async () => {
    await queue.dispatch([leaf]);
    const first = await victim('after_effect');
    const second = agent('never');
    expect(outcomes(await replies(1))).toEqual([by(first)]);
    expect(await written()).toEqual([`run ${first.pid}`, `effect ${key}`, `run ${second.pid}`]);
  });

  test('is had again if the agent is killed before it is kept, under the same key: that is as far as it goes', async () => {
    await queue.dispatch([leaf]);
    const first = await victim('in_effect');
    const second = agent('never');
    expect(outcomes(await replies(1))).toEqual([by(second)]);
    expect(await written()).toEqual([`run ${first.pid}`, `effect ${key}`, `run ${second.pid}`, `effect ${key}`]);
  });

  test('is had once though the workflow was paused when the next agent came to it', async () => {
    await queue.dispatch([leaf]);
    const first = await victim('after_effect');
    const flags = `${prefix}:ctl:wf_1`;
    await redis.hset(flags, '*', 'paused');
    const second = agent('never');
    await expect.poll(async () => await done(), { timeout: 20_000 }).toMatchObject({ state: 'delayed', attemptsMade: 0 });
    await redis.del(flags);
    expect(outcomes(await replies(1))).toEqual([by(first)]);
    expect(await written()).toEqual([`run ${first.pid}`, `effect ${key}`, `run ${second.pid}`]);
  });

  test('is had once though the agent was frozen before it, and wakes up when another one is done', async () => {
    await queue.dispatch([leaf]);
    const frozen = agent('waits');
    await frozen.saw('began');
    process.kill(frozen.pid, 'SIGSTOP');
    const second = agent('never');
    expect(outcomes(await replies(1))).toEqual([by(second)]);
    await redis.rpush(`${prefix}:gate`, 'go');
    process.kill(frozen.pid, 'SIGCONT');
    expect(await frozen.saw('threw')).toMatchObject({ code: 'LOCK_LOST' });
    expect(await written()).toEqual([`run ${frozen.pid}`, `run ${second.pid}`, `effect ${key}`]);
  });
});

describe('an agent that is killed when it has replied, before the job is done', () => {
  test.each(['is there still', 'was settled meanwhile'])('the handler runs no second time, and the reply is the same: the first %s', async (fate) => {
    await queue.dispatch([leaf]);
    const first = await victim('at_completion');
    expect(await done()).toMatchObject({ state: 'active' });
    const before = await replies(1);
    if (fate === 'was settled meanwhile') await reader.remove(before);
    await agent('never').saw('subtask_replied_before');
    await expect.poll(() => done(), { timeout: 20_000 }).toMatchObject({ state: 'completed', report: { outcome: by(first) } });
    const [again] = await replies(1);
    expect(again?.raw).toBe(before[0]?.raw);
    expect(await written()).toEqual([`run ${first.pid}`, `effect ${key}`]);
  });

  test('a failure that was replied is as final as a result', async () => {
    await queue.dispatch([leaf]);
    const first = await victim('at_completion', 'fails');
    const failed = { status: 'failed', error: { code: 'DISK_FULL', message: `The disk of ${first.pid} is full.` } };
    agent('never');
    await expect.poll(() => done(), { timeout: 20_000 }).toMatchObject({ state: 'completed', report: { outcome: failed } });
    expect(outcomes(await replies(2))).toEqual([failed, failed]);
    expect(await written()).toEqual([`run ${first.pid}`, `effect ${key}`]);
  });

  test('what stands behind it in a tree goes on with what was replied', async () => {
    await queue.dispatch([chain]);
    const first = await victim('at_completion');
    const second = agent('never');
    await expect.poll(() => done(chain), { timeout: 20_000 }).toMatchObject({ state: 'completed', report: { outcome: by(second) } });
    const all = await replies(3);
    expect(all.map(({ report }) => report?.subtaskId)).toEqual(['fetch', 'fetch', 'clean']);
    expect(all[1]?.raw).toBe(all[0]?.raw);
    expect(all[2]?.report?.builtOn).toEqual({ fetch: all[0]?.report?.execution?.finishedAt });
    expect(await written()).toEqual([`run ${first.pid}`, `effect ${key}`, `run ${second.pid}`, 'effect wf_1~clean~1']);
  });

  test('again and again: what was replied is said again when the queue gives the job up, and no agent is blamed', async () => {
    await queue.dispatch([leaf]);
    const first = await victim('at_completion');
    await victim('at_completion');
    agent('never');
    await expect.poll(() => done(), { timeout: 20_000 }).toMatchObject({ state: 'failed' });
    const all = await replies(3);
    expect(new Set(all.map(({ raw }) => raw)).size).toBe(1);
    expect(outcomes(all.slice(0, 1))).toEqual([by(first)]);
    expect(await written()).toEqual([`run ${first.pid}`, `effect ${key}`]);
  });
});
