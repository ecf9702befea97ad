/** Two versions of the store on one Redis: the newer one reads what the older one wrote, and the older one leaves alone what the newer one wrote. */
import { compileDefinition, NewerSchemaError, type Schema, type Workflow, type WorkflowStore } from '@baton/core';
import { commitOne, completion, graphDefinition, randomPrefix, step, workflowOf } from '@baton/testkit';
import { beforeEach, describe, expect, test } from 'vitest';
import { useRedis } from './redis-under-test.ts';
import { createStore } from './store.ts';

/** The next version says in its header who upgraded it, and calls a type of event by another name. */
const next: Schema = {
  version: 2,
  upgrades: {
    workflow: new Map([
      [
        1,
        (older) => {
          const { header = '{}', ...hash } = older as Record<string, string>;
          return { ...hash, header: JSON.stringify({ ...(JSON.parse(header) as object), caller: 'upgraded' }) };
        },
      ],
    ]),
    event: new Map([[1, (older) => [...(older as readonly unknown[]), ['workflow_resumed', 'upgrade']]]]),
  },
};
const redis = useRedis();
let prefix: string;
let old: WorkflowStore;
let newer: WorkflowStore;
let workflow: Workflow;

beforeEach(async () => {
  prefix = randomPrefix();
  [old, newer] = [createStore({ redis: redis.connect(), prefix }), createStore({ redis: redis.connect(), prefix, schema: next })];
  workflow = workflowOf(graphDefinition([[], [0]]));
  await step(old, workflow, [{ kind: 'started' }], 10);
});
const id = (): string => workflow.header.id;
const revision = async () => await redis.connect().hget(`${prefix}:wf:${id()}`, 'revision');

test('at version 1 nothing more is stored than ever', async () => {
  expect(await revision()).toBe('1');
  expect(await redis.connect().lindex(`${prefix}:wf:${id()}:events`, 0)).toMatch(/^\["/);
});

test('what the older one wrote is read by the newer one through its upgrades', async () => {
  expect(await newer.summary(id())).toMatchObject({ header: { caller: 'upgraded' }, state: { status: 'running' } });
  expect((await newer.load(id()))?.header.caller).toBe('upgraded');
  expect((await newer.events(id(), null, 10))[0]?.events.at(-1)).toMatchObject({ type: 'workflow_resumed', by: 'upgrade' });
});

describe('once the newer one has written to it', () => {
  beforeEach(async () => {
    const taken = (await newer.load(id())) as Workflow;
    await step(newer, taken, [completion(taken, 'n0')], 20);
  });

  test('the older one says so, and does not read it', async () => {
    expect(await revision()).toBe('2@2');
    for (const asked of [old.load(id()), old.summary(id()), old.purge(id()), old.events(id(), null, 10)]) {
      await expect(asked).rejects.toBeInstanceOf(NewerSchemaError);
    }
  });

  test('what the older one had in memory cannot be committed, not even at the same revision', async () => {
    expect(await commitOne(old, workflow, {})).toEqual({ status: 'conflict' });
    expect(await commitOne(old, Object.assign(workflow, { revision: 2 }), {})).toEqual({ status: 'conflict' });
    expect(await revision()).toBe('2@2');
  });

  test('the newer one goes on with it', async () => {
    const taken = (await newer.load(id())) as Workflow;
    await step(newer, taken, [completion(taken, 'n1')], 30);
    expect(await revision()).toBe('3@2');
    // Its own entries need no upgrade.
    expect((await newer.events(id(), '2', 10)).flatMap(({ events }) => events.map(({ type }) => type))).toEqual(['subtask_completed', 'workflow_completed']);
    await newer.purge(id());
    expect(await revision()).toBeNull();
  });

  test('the list shows that it is there, and everything else beside it', async () => {
    const other = workflowOf(graphDefinition([[]]), { id: 'other' });
    await step(old, other, [{ kind: 'started' }], 10);
    const { workflows, newer: hidden } = await old.list({ limit: 10 });
    expect(workflows.map(({ header }) => header.id)).toEqual(['other']);
    expect(hidden).toEqual([{ id: id(), createdAt: workflow.header.createdAt }]);
    expect(await newer.list({ limit: 10 })).toMatchObject({ workflows: [{}, {}] });
    expect(await newer.list({ limit: 10 })).not.toHaveProperty('newer');
  });
});

test('a type that needs the newer schema is registered for the newer one only', async () => {
  const compiled = compileDefinition({ name: 'new', version: 1, schema: 2, nodes: [{ id: 'a', capability: 'test.a' }] }, next);
  if (!compiled.ok) throw new Error('It does not compile.');
  await newer.register(compiled.type, 0);
  await expect(old.findType('new', 1)).rejects.toThrow(/workflow type new@1 .*schema 2/);
  expect(await createStore({ redis: redis.connect(), prefix, schema: next }).findType('new', 'latest')).toMatchObject({ definition: { schema: 2 } });
});
