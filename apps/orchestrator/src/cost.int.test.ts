/**
 * What a subtask costs Redis under load, counted by Redis itself (INFO). It is a bound, not a measurement of speed: the numbers do not
 * depend on the machine. 200 workflows of five steps in flight; engine, orchestrator and agent with everything on.
 */

import { partitionCount } from '@baton/core';
import { createEngine } from '@baton/engine';
import { connectRedis, createReplyReader, createSubtaskQueue, type Redis } from '@baton/queue';
import { createStore } from '@baton/store';
import { createLogger } from '@baton/telemetry';
import { randomPrefix, startRedis } from '@baton/testkit';
import { defineAgent, runAgent } from '@baton/worker';
import { expect, it } from 'vitest';
import { z } from 'zod';
import { startSettleLoop } from './settle-loop.ts';

const [workflows, steps, inFlight] = [600, 5, 200];
const logger = createLogger({ service: 'cost', level: 'silent', format: 'json' });
const chain = {
  name: 'chain',
  version: 1,
  nodes: Array.from({ length: steps }, (_, index) => ({
    id: `s${index}`,
    capability: `test.step${index % 2}`,
    params: index === 0 ? { text: '$params.text' } : { text: `$steps.s${index - 1}.text` },
  })),
};

/** Calls by command since the last CONFIG RESETSTAT, those from inside scripts included. */
async function calls(redis: Redis): Promise<ReadonlyMap<string, number>> {
  const info = await redis.info('commandstats');
  return new Map([...info.matchAll(/cmdstat_([^:]+):calls=(\d+)/g)].map(([, command, count]) => [command as string, Number(count)]));
}

/** Reads from sockets: what comes in one round trip is one read, or a few if it is long. */
async function reads(redis: Redis): Promise<number> {
  return Number(/total_reads_processed:(\d+)/.exec(await redis.info('stats'))?.[1]);
}

/** In a chain as one tree BullMQ looks once more after each step that waits for another, and each of these reads what its input has brought. */
const behind = (steps - 1) / steps;

it.each([
  { what: 'is three scripts and one append, and nothing is read one by one', sameTree: undefined, more: 0 },
  { what: 'in a tree is one script more, and one hash, for each step that stands behind another', sameTree: () => true, more: behind },
])('$what', { timeout: 60_000 }, async ({ sameTree, more }) => {
  // One server: it counts the commands.
  const fixture = await startRedis({ isSingle: true });
  const redis = await connectRedis(fixture.url, { name: 'cost' });
  const prefix = randomPrefix();
  const [store, queue, reader] = [createStore({ redis, prefix }), createSubtaskQueue({ redis, prefix }), createReplyReader({ redis, prefix })];
  let completed = 0;
  let isOver = () => {};
  const over = new Promise<void>((resolve) => (isOver = resolve));
  let started = 0;
  const next = () => {
    started += 1;
    if (started <= workflows) void engine.start({ workflowId: `wf${started}`, definition: chain, params: { text: 'x'.repeat(200) }, caller: 'test' });
  };
  const engine = createEngine({
    store,
    queue,
    now: () => Date.now(),
    observe: (_, { type }) => {
      if (type !== 'workflow_completed') return;
      completed += 1;
      if (completed === workflows) isOver();
      next();
    },
    warn: (event, error) => expect.fail(`${event}: ${String(error)}`),
    sameTree,
  });
  const io = { input: z.object({ text: z.string() }), output: z.object({ text: z.string() }), handler: async (input: { text: string }) => input };
  const agent = await runAgent(defineAgent({ name: 'step-agent', capabilities: { 'test.step0': io, 'test.step1': io } }), {
    redis,
    prefix,
    logger,
    concurrency: 50,
  });
  const loop = startSettleLoop({
    engine,
    reader,
    onNewer: (partitions) => expect.fail(`newer in ${partitions.join()}`),
    warn: (event, error) => expect.fail(`${event}: ${String(error)}`),
  });
  loop.own(Array.from({ length: partitionCount }, (_, index) => index));

  await redis.config('RESETSTAT');
  for (let index = 0; index < inFlight; index += 1) next();
  await over;
  const [counted, readCount] = [await calls(redis), await reads(redis)];
  await agent.close();
  await loop.stop();
  await reader.close();
  await queue.close();
  redis.disconnect();
  await fixture.stop();

  const subtasks = workflows * steps;
  const per = (command: string): number => (counted.get(command) ?? 0) / subtasks;
  // Finishing a job fetches the next one in the same script; an agent that finds nothing asks once more when something comes.
  const idleFetches = per('rpoplpush') - 1;
  const figures = {
    scripts: per('evalsha'),
    idleFetches,
    // A start commits once for its whole workflow: 1/5 of a script for each of five steps.
    commitAddFinish: per('evalsha') - idleFetches,
    socketReads: readCount / subtasks,
    replyReads: per('xread'),
    // The one of BullMQ's script that fetches a job: nobody else reads a hash as a whole, but for what is behind others.
    hashReads: per('hgetall'),
  };
  console.info(`Redis, per subtask: ${JSON.stringify(figures)}`);
  expect(figures.commitAddFinish).toBeLessThanOrEqual(3 + 1 / steps + more + 0.01);
  expect(figures.idleFetches).toBeLessThanOrEqual(0.6);
  expect(figures.socketReads).toBeLessThanOrEqual(2);
  expect(figures.replyReads).toBeLessThanOrEqual(0.25);
  expect(figures.hashReads).toBeLessThanOrEqual(1 + more + 0.01);
});
