/** A definition goes over the wire once, not with every create; and once more as soon as nobody can be sure that it is still there. */
import { commitOne, graphDefinition, randomPrefix, workflowOf } from '@baton/testkit';
import type { Redis } from 'ioredis';
import { afterEach, expect, it, vi } from 'vitest';
import { useRedis } from './redis-under-test.ts';
import { createStore } from './store.ts';

// One server: its connection is cut.
const redis = useRedis({ isSingle: true });
const definition = graphDefinition([[]]);
let created = 0;

afterEach(() => void vi.useRealTimers());

function open() {
  const [connection, watcher, prefix] = [redis.connectServer({ retryStrategy: () => 10 }), redis.connectServer(), randomPrefix()];
  return { connection, watcher, prefix, store: createStore({ redis: connection, prefix }) };
}
type Opened = ReturnType<typeof open>;

/** Whether a create brings the definition back that somebody has deleted. */
async function bringsIt({ store, watcher, prefix }: Opened): Promise<boolean> {
  created += 1;
  const workflow = workflowOf(definition, { id: `w${created}` });
  const key = `${prefix}:def:${workflow.type.hash}`;
  await watcher.unlink(key);
  await commitOne(store, workflow, {});
  return (await watcher.exists(key)) === 1;
}

it('is known to be stored for an hour', async () => {
  vi.useFakeTimers({ toFake: ['performance'] });
  vi.advanceTimersByTime(1); // At 0 lru-cache takes a time for none.
  const opened = open();
  expect(await bringsIt(opened)).toBe(true);
  expect(await bringsIt(opened)).toBe(false);
  vi.advanceTimersByTime(59 * 60_000);
  expect(await bringsIt(opened)).toBe(false);
  // The create in between has not made it known for longer.
  vi.advanceTimersByTime(2 * 60_000);
  expect(await bringsIt(opened)).toBe(true);
});

it('is not known behind another connection, nor under another prefix', async () => {
  const opened = open();
  expect(await bringsIt(opened)).toBe(true);
  expect(await bringsIt({ ...opened, store: createStore({ redis: redis.connectServer(), prefix: opened.prefix }) })).toBe(true);
  const prefix = randomPrefix();
  expect(await bringsIt({ ...opened, prefix, store: createStore({ redis: opened.connection, prefix }) })).toBe(true);
});

it('is not known any more when the connection broke', async () => {
  const opened = open();
  expect(await bringsIt(opened)).toBe(true);
  await broken(opened.connection, opened.watcher);
  expect(await bringsIt(opened)).toBe(true);
});

it('is not known from a create that lost', async () => {
  const opened = open();
  await commitOne(createStore({ redis: redis.connectServer(), prefix: opened.prefix }), workflowOf(definition, { id: 'same' }), {});
  expect(await commitOne(opened.store, workflowOf(definition, { id: 'same' }), {})).toEqual({ status: 'conflict' });
  expect(await bringsIt(opened)).toBe(true);
});

async function broken(connection: Redis, watcher: Redis): Promise<void> {
  const closed = new Promise((resolve) => connection.once('close', resolve));
  await watcher.call('CLIENT', 'KILL', 'ID', String(await connection.client('ID')));
  await closed;
}
