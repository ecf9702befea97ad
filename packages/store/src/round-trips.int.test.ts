/** What a commit costs, counted by Redis: one script each, all of a call in one turn, which the connection writes at once. */

import { decide, type Workflow } from '@baton/core';
import { commitOne, completion, graphDefinition, patch, randomPrefix, step, workflowOf } from '@baton/testkit';
import type { Redis } from 'ioredis';
import { describe, expect, it } from 'vitest';
import { useRedis } from './redis-under-test.ts';
import { createStore } from './store.ts';

// One server: it counts the commands.
const redis = useRedis({ isSingle: true });
/** Redis reads a socket in pieces of this size. */
const readBytes = 16 * 1024;

/** Counters of the server. */
async function counters(watcher: Redis): Promise<Record<string, number>> {
  const info = `${await watcher.info('commandstats')}\r\n${await watcher.info('stats')}`;
  const lines = info.matchAll(/^(?:cmdstat_)?([a-z_|]+):(?:calls=)?(\d+)/gm);
  return Object.fromEntries([...lines].map(([, name, count]) => [name, Number(count)]));
}

async function counted(watcher: Redis, act: () => Promise<unknown>): Promise<(name: string) => number> {
  const before = await counters(watcher);
  await act();
  const after = await counters(watcher);
  return (name) => (after[name] ?? 0) - (before[name] ?? 0);
}

describe('the cost of a commit', () => {
  it('is one script, whatever it writes', async () => {
    const [store, watcher] = [createStore({ redis: redis.connectServer(), prefix: randomPrefix() }), redis.connectServer()];
    const workflow = workflowOf(graphDefinition([[], [0], [1]]));
    await step(store, workflow, [{ kind: 'started' }], 100);
    await commitOne(store, workflow, {}); // The first call on a connection brings the script's text, the second its SHA-1.
    const count = await counted(watcher, async () => await step(store, workflow, [completion(workflow, 'n0')], 200));
    expect(count('evalsha')).toBe(1);
    // The step of a chain: compare, record, outbox out and in, deadlines out and in, one event.
    const inside = ['hget', 'hset', 'zrem', 'zadd', 'rpush'].map((name) => count(name));
    expect(inside).toEqual([1, 1, 2, 2, 1]);
    expect(count('total_commands_processed')).toBe(1 + 7 + 2);
  });

  it('is one round trip for all commits of a call', async () => {
    const [connection, watcher] = [redis.connectServer(), redis.connectServer()];
    const store = createStore({ redis: connection, prefix: randomPrefix() });
    const workflows = Array.from({ length: 50 }, (_, index) => workflowOf(graphDefinition([[], [0]]), { id: `w${index}` }));
    for (const workflow of workflows) await step(store, workflow, [{ kind: 'started' }], 100);
    const commits = workflows.map((workflow: Workflow) => ({ workflow, ...decide(workflow, [completion(workflow, 'n0')], 200) }));
    const count = await counted(watcher, async () => {
      connection.stream.cork();
      const committed = store.commit(commits);
      connection.stream.uncork();
      await committed;
    });
    expect(count('evalsha')).toBe(commits.length);
    expect(count('eval')).toBe(0);
    // The two INFO of the counting are reads, too.
    expect(count('total_reads_processed')).toBeLessThanOrEqual(Math.ceil(count('total_net_input_bytes') / readBytes) + 2);
  });

  it('does not grow with the workflow', async () => {
    const [store, watcher] = [createStore({ redis: redis.connectServer(), prefix: randomPrefix() }), redis.connectServer()];
    const bytes: number[] = [];
    for (const size of [10, 3_000]) {
      const workflow = workflowOf(graphDefinition(Array.from({ length: size }, () => [])), { id: `w${size}`, params: { text: 'x'.repeat(size) } });
      await step(store, workflow, [{ kind: 'started' }], 100);
      await store.commit([{ workflow: { ...workflow, revision: 99 }, patch: patch(), effects: [] }]);
      const count = await counted(watcher, async () => await step(store, workflow, [completion(workflow, 'n0')], 200));
      bytes.push(count('total_net_input_bytes'));
    }
    expect(Math.abs((bytes[1] ?? 0) - (bytes[0] ?? 0))).toBeLessThan(100);
  });

  it('of a load is one read once the definition is known', async () => {
    const [store, watcher] = [createStore({ redis: redis.connectServer(), prefix: randomPrefix() }), redis.connectServer()];
    const workflow = workflowOf(graphDefinition([[], [0]]));
    await step(store, workflow, [{ kind: 'started' }], 100);
    const count = await counted(watcher, async () => await store.load(workflow.header.id));
    // Both hashes and the end of the log in one transaction, and the two INFO of the counting.
    expect(['hgetall', 'lindex', 'multi', 'exec', 'get', 'total_commands_processed'].map((name) => count(name))).toEqual([2, 1, 1, 1, 0, 7]);
    expect(count('total_reads_processed')).toBe(3);
  });
});
