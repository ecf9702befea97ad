/** Real processes killed, and Redis restarted, while agents work: every subtask comes to one settled end. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { partitionCount, type ReceivedReply, type Tree } from '@baton/core';
import { connectRedis, createReplyReader, createSubtaskQueue, type Redis } from '@baton/queue';
import { exampleAssignment, type RedisFixture, randomPrefix, startRedis } from '@baton/testkit';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import { defineAgent } from './define-agent.ts';
import { runAgent } from './run-agent.ts';

let fixture: RedisFixture;
let redis: Redis;
let prefix: string;
const closers: (() => unknown)[] = [];

beforeAll(async () => {
  fixture = await startRedis({ args: ['--appendfsync', 'always'] });
  redis = await connectRedis(fixture.url, { name: 'fault-test' });
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

const noop = (): void => {};
const silent = { debug: noop, info: noop, warn: noop, error: noop, child: () => silent };

/** Resolves with the process and a wait for its lines. */
async function agentProcess(
  behaviour: 'hang' | 'die' | 'work' | 'abort' | 'slot',
  ...more: readonly 'exit'[]
): Promise<{ child: ChildProcess; line: (text: RegExp, timeout?: number) => Promise<void> }> {
  const script = fileURLToPath(new URL('./fixture/agent-process.ts', import.meta.url));
  const child = spawn(process.execPath, [script, fixture.url, prefix, behaviour, ...more], { stdio: ['ignore', 'pipe', 'inherit'] });
  closers.push(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  });
  const seen: string[] = [];
  createInterface({ input: child.stdout }).on('line', (text) => seen.push(text));
  const line = async (text: RegExp, timeout = 20_000) => {
    await expect.poll(() => seen.some((each) => text.test(each)), { timeout }).toBe(true);
  };
  // One that dies at once may not come to say so.
  if (behaviour !== 'die') await line(/ready/);
  return { child, line };
}

async function dispatch(...subtaskIds: readonly string[]): Promise<void> {
  await dispatchTrees(...subtaskIds.map(leaf));
}

const leaf = (subtaskId: string): Tree => ({ assignment: exampleAssignment({ subtaskId }), inputs: [] });

/** `clean` behind `fetch`. */
const chain = (): Tree => ({ assignment: exampleAssignment({ subtaskId: 'clean', inputs: ['fetch'] }), inputs: [leaf('fetch')] });

async function dispatchTrees(...trees: readonly Tree[]): Promise<void> {
  const queue = createSubtaskQueue({ redis, prefix });
  await queue.dispatch(trees);
  await queue.close();
}

function reader() {
  const made = createReplyReader({ redis, prefix });
  closers.push(made.close);
  made.own(Array.from({ length: partitionCount }, (_, partition) => partition));
  return made;
}

async function replies(count: number): Promise<readonly ReceivedReply[]> {
  const all: ReceivedReply[] = [];
  const source = reader();
  await expect.poll(async () => all.push(...(await source.read(200))), { timeout: 30_000 }).toBeGreaterThanOrEqual(count);
  return all;
}

test('the subtask of a killed agent is run again by another, and replied once', async () => {
  const victim = await agentProcess('hang');
  await dispatch('fetch');
  await victim.line(/began 1/);
  victim.child.kill('SIGKILL');
  const heir = await agentProcess('work');
  await heir.line(/began 1/);
  const all = await replies(1);
  expect(all.map(({ report }) => report?.outcome)).toEqual([{ status: 'completed', result: { uri: `pid:${heir.child.pid}` } }]);
});

test('a subtask that kills its agents fails as AGENT_LOST, told by the next agent without running it', async () => {
  await dispatch('fetch');
  for (let death = 0; death < 2; death += 1) {
    const { child } = await agentProcess('die');
    if (child.signalCode === null) await once(child, 'exit');
  }
  const last = await agentProcess('die');
  await last.line(/ready/);
  const all = await replies(1);
  expect(all.map(({ report }) => report?.outcome)).toMatchObject([{ status: 'failed', error: { code: 'AGENT_LOST' } }]);
  expect(last.child.signalCode).toBeNull();
});

test('what stands in a tree behind a subtask that kills its agents is blocked, and no agent dies of that', async () => {
  await dispatchTrees(chain());
  for (let death = 0; death < 2; death += 1) {
    const { child } = await agentProcess('die');
    if (child.signalCode === null) await once(child, 'exit');
  }
  const last = await agentProcess('die');
  await last.line(/ready/);
  const told = (await replies(2)).map(({ report }) => [report?.subtaskId, report?.outcome.status] as const);
  expect(Object.fromEntries(told)).toEqual({ fetch: 'failed', clean: 'blocked' });
  expect(last.child.signalCode).toBeNull();
});

test('a tree goes on when the agent of a subtask in it was killed', async () => {
  const victim = await agentProcess('hang');
  await dispatchTrees(chain());
  await victim.line(/began 1/);
  victim.child.kill('SIGKILL');
  const heir = await agentProcess('work');
  const told = (await replies(2)).map(({ report }) => [report?.subtaskId, report?.outcome] as const);
  const done = { status: 'completed', result: { uri: `pid:${heir.child.pid}` } };
  expect(told).toEqual([
    ['fetch', done],
    ['clean', done],
  ]);
});

test('SIGTERM ends an agent with nothing left behind in its process', async () => {
  const { child, line } = await agentProcess('hang');
  await dispatch('fetch');
  await line(/began 1/);
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  expect(await exited).toEqual([0, null]);
});

test.each(['cleanly', 'killed'] as const)('Redis goes (%s) and comes back in the middle: all subtasks are done, no reply is lost', async (how) => {
  const runs = new Map<string, number>();
  const halfway = Promise.withResolvers<void>();
  const agent = defineAgent({
    name: 'data-agent',
    capabilities: {
      'data.fetch': {
        input: z.object({ path: z.string() }),
        output: z.object({ uri: z.string() }),
        handler: async (_input, { subtaskId }) => {
          runs.set(subtaskId, (runs.get(subtaskId) ?? 0) + 1);
          if (runs.size === 100) halfway.resolve();
          return { uri: subtaskId };
        },
      },
    },
  });
  const running = await runAgent(agent, { redisUrl: fixture.url, prefix, concurrency: 4, lockMs: 1_000, stalledMs: 200, stallsMax: 10, logger: silent });
  closers.push(() => running.close({ graceMs: 0 }));
  const ids = Array.from({ length: 400 }, (_, index) => `s${index}`);
  await dispatch(...ids);

  await halfway.promise;
  if (how === 'killed') await fixture.kill();
  await fixture.restart();

  const source = reader();
  const settled = new Set<string>();
  const collect = async (): Promise<number> => {
    const read = await source.read(200);
    for (const { report } of read) if (report?.outcome.status === 'completed') settled.add(report.subtaskId);
    await source.remove(read);
    return settled.size;
  };
  await expect.poll(collect, { timeout: 60_000 }).toBe(ids.length);
  expect([...runs.keys()].toSorted()).toEqual(ids.toSorted());
});

test('an agent can be closed while Redis is away', async () => {
  const { child } = await agentProcess('work', 'exit');
  await fixture.kill();
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  try {
    expect(await exited).toEqual([0, null]);
  } finally {
    await fixture.restart();
  }
});

test('a reader that waits while Redis goes and comes back reads on, what it had not removed once more', async () => {
  const { line } = await agentProcess('work');
  await dispatch('one');
  await line(/began 1/);
  const source = reader();
  const first: ReceivedReply[] = [];
  await expect.poll(async () => first.push(...(await source.read(200)))).toBe(1);
  const waiting = source.read(30_000);
  await fixture.restart();
  const again = [...(await waiting)];
  await dispatch('two');
  await expect
    .poll(
      async () => {
        again.push(...(await source.read(200)));
        return again.map(({ report }) => report?.subtaskId);
      },
      { timeout: 30_000 },
    )
    .toEqual(expect.arrayContaining(['one', 'two']));
});

/** The one bound of time that is promised, and so tested: a machine that stands still for half a second may have another try. */
test('a cancel aborts what runs within a second, in every process, and nothing of it is tried again', { retry: 2 }, async () => {
  const agents = [await agentProcess('abort'), await agentProcess('abort')];
  await dispatch('item[0]', 'item[1]');
  await Promise.all(agents.map(({ line }) => line(/began 1/)));
  await redis.hset(`${prefix}:ctl:wf_1`, '*', `cancelled:${Date.now()}`);
  await Promise.all(agents.map(({ line }) => line(/aborted WORKFLOW_CANCELLED/, 1_000)));
  const all = await replies(2);
  expect(all.map(({ report }) => report?.outcome)).toMatchObject([0, 1].map(() => ({ status: 'failed', error: { code: 'CANCELLED' } })));
});

test('a concurrency limit holds over all processes, is changed while they run, and never exceeded', async () => {
  const queue = createSubtaskQueue({ redis, prefix });
  closers.push(queue.close);
  const running = async (): Promise<number> => Number(await redis.get(`${prefix}:running`));
  /** What those that began since then saw: how many ran with them. */
  const peakSince = async (start: number): Promise<number> => Math.max(0, ...(await redis.lrange(`${prefix}:seen`, start, -1)).map(Number));
  const began = async (): Promise<number> => await redis.llen(`${prefix}:seen`);
  const release = async (count: number): Promise<unknown> => await redis.rpush(`${prefix}:release`, ...Array.from({ length: count }, () => 'go'));

  await queue.limitConcurrency('data.fetch', 3);
  await Promise.all([agentProcess('slot'), agentProcess('slot')]);
  await dispatch(...Array.from({ length: 40 }, (_, index) => `s${index}`));
  await expect.poll(running).toBe(3);
  for (let round = 1; round <= 4; round += 1) {
    await release(3);
    await expect.poll(began).toBe(3 * (round + 1));
  }
  expect(await peakSince(0)).toBe(3);

  // Agents that sleep because the limit was reached wake up for the new one.
  await queue.limitConcurrency('data.fetch', 6);
  await expect.poll(running, { timeout: 3_000 }).toBe(6);
  expect(await peakSince(0)).toBe(6);

  await queue.limitConcurrency('data.fetch', 2);
  const lowered = await began();
  await release(8);
  await expect.poll(began).toBe(lowered + 4);
  expect(await peakSince(lowered)).toBeLessThanOrEqual(2);

  await queue.limitConcurrency('data.fetch', null);
  await expect.poll(running, { timeout: 3_000 }).toBe(8);
});
