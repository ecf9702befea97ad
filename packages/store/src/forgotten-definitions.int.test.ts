import { commitOne, graphDefinition, randomPrefix, workflowOf } from '@baton/testkit';
import { expect, it } from 'vitest';
import { expireForgottenDefinitions, forgottenDefinitions } from './forgotten-definitions.ts';
import { useRedis } from './redis-under-test.ts';
import { createStore } from './store.ts';

// One server: it is asked for its keys. Of a cluster, the doctor's test asks.
const redis = useRedis({ isSingle: true });
const day = 86_400_000;
const definition = { ...graphDefinition([[]]), timeout_ms: 2 * day, retention_ms: 3 * day };

it('finds what never expires and no type has, and gives it the life that a workflow of it could need', async () => {
  const [connection, prefix] = [redis.connectServer(), randomPrefix()];
  const store = createStore({ redis: connection, prefix });
  const { type: registered } = workflowOf({ ...definition, version: 1 });
  const { type: removed } = workflowOf({ ...definition, version: 2 });
  await store.register(registered, 1);
  await store.register(removed, 1);
  // One that a workflow brought along expires by itself.
  await commitOne(store, workflowOf({ ...definition, version: 3 }), {});
  expect(await forgottenDefinitions(connection, connection, prefix)).toEqual({ hashes: [], isAll: true });

  await connection.hdel(`${prefix}:type:${removed.name}`, '2');
  expect(await forgottenDefinitions(connection, connection, prefix)).toEqual({ hashes: [removed.hash], isAll: true });
  expect(await expireForgottenDefinitions(connection, prefix, [removed.hash])).toBe(1);
  expect(Math.ceil((await connection.pttl(`${prefix}:def:${removed.hash}`)) / day)).toBe(12);
  expect(await connection.pttl(`${prefix}:def:${registered.hash}`)).toBe(-1);
  expect(await forgottenDefinitions(connection, connection, prefix)).toEqual({ hashes: [], isAll: true });
  expect(await expireForgottenDefinitions(connection, prefix, [removed.hash])).toBe(0);
});

it('leaves alone what was registered again since it was found', async () => {
  const [connection, prefix] = [redis.connectServer(), randomPrefix()];
  const store = createStore({ redis: connection, prefix });
  const { type } = workflowOf(definition);
  await store.register(type, 1);
  await connection.del(`${prefix}:type:${type.name}`);
  const { hashes } = await forgottenDefinitions(connection, connection, prefix);
  expect(hashes).toEqual([type.hash]);
  await store.register(type, 2);
  expect(await expireForgottenDefinitions(connection, prefix, hashes)).toBe(0);
  expect(await connection.pttl(`${prefix}:def:${type.hash}`)).toBe(-1);
});

it('sees only its own deployment', async () => {
  const [connection, prefix] = [redis.connectServer(), randomPrefix()];
  await connection.set(`${randomPrefix()}:def:other`, '{}');
  expect(await forgottenDefinitions(connection, connection, prefix)).toEqual({ hashes: [], isAll: true });
});
