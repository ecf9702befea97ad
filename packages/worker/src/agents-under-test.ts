/** Agents on a real Redis under a prefix of its own for each test, with what a test asks of them. Call it once in a test file: it brings its hooks. */
import { type Assignment, type JobFacts, partitionOf, type ReceivedReply, type Tree } from '@baton/core';
import { connectRedis, createReplyReader, createSubtaskQueue, type Redis } from '@baton/queue';
import { type RedisFixture, randomPrefix, startRedis } from '@baton/testkit';
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest';
import { z } from 'zod';
import { type Agent, defineAgent } from './define-agent.ts';
import type { AgentLogger, HandlerContext } from './handler-context.ts';
import { type AgentOptions, type RunningAgent, runAgent } from './run-agent.ts';

type TestHandler = (input: { path: string }, context: HandlerContext) => Promise<{ uri: string }>;

interface AgentWorld {
  readonly redis: Redis;
  readonly prefix: string;
  start(handler: TestHandler, options?: AgentOptions): Promise<RunningAgent>;
  dispatch(...assignments: readonly Assignment[]): Promise<void>;
  dispatchTrees(...trees: readonly Tree[]): Promise<void>;
  facts(assignment: Assignment): Promise<JobFacts | undefined>;
  /** Reads until there are so many; what it read stays in the stream. */
  replies(count: number, workflowId?: string): Promise<readonly ReceivedReply[]>;
}

export const fine = { uri: 'file:///sales.json' };
const silent: AgentLogger = { debug() {}, info() {}, warn() {}, error() {}, child: () => silent };

function agentOf(handler: TestHandler): Agent {
  const capability = { input: z.object({ path: z.string() }), output: z.object({ uri: z.string() }), handler };
  return defineAgent({ name: 'data-agent', capabilities: { 'data.fetch': capability } });
}

export function agentWorld(): AgentWorld {
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
  beforeEach(() => void (prefix = randomPrefix()));
  afterEach(async () => {
    for (const close of closers.splice(0).toReversed()) await close();
  });

  async function dispatchTrees(...trees: readonly Tree[]): Promise<void> {
    const queue = createSubtaskQueue({ redis, prefix });
    await queue.dispatch(trees);
    await queue.close();
  }

  return {
    get redis() {
      return redis;
    },
    get prefix() {
      return prefix;
    },
    async start(handler, options = {}) {
      const running = await runAgent(agentOf(handler), { redis, prefix, logger: silent, lockMs: 1_000, stalledMs: 200, ...options });
      closers.push(() => running.close({ graceMs: 0 }));
      return running;
    },
    dispatchTrees,
    dispatch: (...assignments) => dispatchTrees(...assignments.map((assignment) => ({ assignment, inputs: [] }))),
    async facts(assignment) {
      const queue = createSubtaskQueue({ redis, prefix });
      const [found] = await queue.facts([assignment]);
      await queue.close();
      return found;
    },
    async replies(count, workflowId = 'wf_1') {
      const reader = createReplyReader({ redis, prefix });
      closers.push(reader.close);
      reader.own([partitionOf(workflowId)]);
      const all: ReceivedReply[] = [];
      await expect.poll(async () => all.push(...(await reader.read(200))), { timeout: 20_000 }).toBeGreaterThanOrEqual(count);
      return all;
    },
  };
}
