/** What a subtask costs Redis on the agents' side, counted by Redis itself. The numbers are a budget: raise them knowingly. */
import { type Assignment, partitionCount } from '@baton/core';
import { connectRedis, createReplyReader, createSubtaskQueue } from '@baton/queue';
import { exampleAssignment, randomPrefix, startRedis } from '@baton/testkit';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { defineAgent } from './define-agent.ts';
import { runAgent } from './run-agent.ts';

const jobs = 500;
const noop = (): void => {};
const silent = { debug: noop, info: noop, warn: noop, error: noop, child: () => silent };

test('under load a subtask costs two scripts, one append and a fraction of a delete', async () => {
  // One server: it counts the commands.
  const fixture = await startRedis({ isSingle: true });
  const redis = await connectRedis(fixture.url, { name: 'cost-test' });
  const prefix = randomPrefix();
  const agent = defineAgent({
    name: 'data-agent',
    capabilities: { 'data.fetch': { input: z.object({ path: z.string() }), output: z.object({ uri: z.string() }), handler: () => ({ uri: 'x' }) } },
  });
  const queue = createSubtaskQueue({ redis, prefix });
  const reader = createReplyReader({ redis, prefix });
  reader.own(Array.from({ length: partitionCount }, (_, partition) => partition));
  const running = await runAgent(agent, { redis, prefix, concurrency: 8, logger: silent });
  try {
    const perItem = await costOf(() => roundOf(queue, reader, 'wide', oneWorkflow));
    const perJob = await costOf(() => roundOf(queue, reader, 'hot', spread));
    // Add; finish and fetch the next. What is above two is the fetching after a pause.
    expect(perJob['evalsha']).toBeGreaterThanOrEqual(2);
    expect(perJob['evalsha']).toBeLessThan(2.2);
    // One reply, and four entries of BullMQ's own: added, waiting, active, completed.
    expect(perJob['xadd']).toBeLessThan(5.2);
    // In batches; a delete is per stream and batch.
    expect(perJob['xread']).toBeLessThan(1);
    expect(perJob['xdel']).toBeLessThanOrEqual(1);
    // Three are BullMQ's own; the fourth reads the control flags, in a round trip that it shares with others.
    expect(perJob['hmget']).toBeLessThan(4.1);
    expect(perItem['hmget']).toBeLessThan(3.9);
    // With what the scripts call: no read or write of ours came to it unseen.
    expect(Object.values(perJob).reduce((sum, count) => sum + count, 0)).toBeLessThan(45);
  } finally {
    await running.close();
    await Promise.all([reader.close(), queue.close()]);
    redis.disconnect();
    await fixture.stop();
  }

  async function costOf(work: () => Promise<void>): Promise<Record<string, number>> {
    const before = await calls();
    await work();
    const after = await calls();
    return Object.fromEntries([...after].map(([name, count]) => [name, (count - (before.get(name) ?? 0)) / jobs]).filter(([, count]) => Number(count) > 0));
  }

  async function calls(): Promise<Map<string, number>> {
    const stats = await redis.info('commandstats');
    return new Map([...stats.matchAll(/cmdstat_(\S+?):calls=(\d+)/g)].map(([, name, count]) => [String(name), Number(count)]));
  }
});

type Shape = (round: string, index: number) => Assignment;
const spread: Shape = (round, index) => exampleAssignment({ workflowId: `${round}_${index}` });
const oneWorkflow: Shape = (round, index) => exampleAssignment({ workflowId: round, subtaskId: `item[${index}]` });

type Queue = ReturnType<typeof createSubtaskQueue>;
async function roundOf(queue: Queue, reader: ReturnType<typeof createReplyReader>, round: string, shape: Shape): Promise<void> {
  await queue.dispatch(Array.from({ length: jobs }, (_, index) => ({ assignment: shape(round, index), inputs: [] })));
  let settled = 0;
  while (settled < jobs) {
    const replies = await reader.read(500);
    await reader.remove(replies);
    settled += replies.length;
  }
}
