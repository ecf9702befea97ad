/** Who is let in, and when it is looked again: on a memory store, a load that the test sets, and a clock that it turns. */
import type { Json, Load } from '@baton/core';
import { createManualClock, createMemoryQueue, createMemoryStore } from '@baton/testkit';
import { describe, expect, it } from 'vitest';
import { type AdmissionLimits, createAdmission } from './admission.ts';
import { createEngine, type Refusal } from './index.ts';

const MiB = 2 ** 20;
const nap = { name: 'nap', version: 1, nodes: [{ id: 'ask', capability: 'test.ask' }] };
const parent = { name: 'parent', version: 1, nodes: [{ id: 'child', kind: 'workflow', type: 'nap' }] };

function createWorld(limits: Partial<AdmissionLimits> = {}) {
  const clock = createManualClock();
  const queue = createMemoryQueue(clock.now);
  const store = createMemoryStore({ append: queue.append });
  const refused: Refusal[] = [];
  const world = { load: { memory: null, queued: new Map() } as Load, looks: 0 };
  const read = async () => {
    world.looks += 1;
    return world.load;
  };
  const admission = createAdmission({ store, load: { read }, activeMax: null, queuedMax: null, ...limits, now: clock.now });
  const engine = createEngine({
    store,
    queue,
    now: clock.now,
    observe: () => {},
    warn: (event, error) => expect.fail(`${event}: ${String(error)}`),
    admission,
    onRefused: (_, refusal) => refused.push(refusal),
  });
  const start = async (workflowId?: string, definition: Json = nap) =>
    (await engine.start({ ...(workflowId !== undefined && { workflowId }), definition, params: {}, caller: 'test' })).status;
  const many = async (count: number) => Object.groupBy(await Promise.all(Array.from({ length: count }, async () => await start())), (status) => status);
  return Object.assign(world, { clock, queue, store, engine, admission, refused, start, many });
}

/** So that so much of it is free below the share that starts may fill. */
function memory(usedBytes: number, bytesMax = 100 * MiB): Load {
  return { memory: { usedBytes, bytesMax }, queued: new Map() };
}

describe('a limit of a type', () => {
  it('lets in as many as may be active, and says which limit it is', async () => {
    const world = createWorld({ activeMax: 3 });
    expect((await world.many(5)).not_admitted).toHaveLength(2);
    expect(world.refused[0]).toEqual({
      limit: 'type',
      of: 'nap',
      message: expect.stringMatching(/3 workflows of nap may be active.*baton type limit nap <count>.*BATON_MAX_ACTIVE/),
      retryAfterMs: 1_000,
    });
  });

  it('that was set for the type counts, not that for all; within a second', async () => {
    const world = createWorld({ activeMax: 1 });
    await world.start('one');
    await world.store.limitType('nap', 2);
    expect(await world.start('two')).toBe('not_admitted');
    world.clock.advance(1_000);
    expect(await world.start('two')).toBe('created');
    expect(await world.start('three')).toBe('not_admitted');
    expect(world.refused.at(-1)?.message).not.toContain('BATON_MAX_ACTIVE');
  });

  it('refuses no repeated start, and no workflow that one under way asks for', async () => {
    const world = createWorld({ activeMax: 1 });
    await world.engine.register(nap);
    expect(await world.start('one')).toBe('created');
    expect(await world.start('one')).toBe('existing');
    expect(await world.start('above', parent)).toBe('created');
    expect(await world.store.activeCounts()).toEqual(
      new Map([
        ['nap', 2],
        ['parent', 1],
      ]),
    );
    const { as, ...again } = { as: 'again', by: 'test' };
    expect(await world.engine.restart('one', { ...again, as })).toMatchObject({ status: 'not_admitted', refusal: { limit: 'type' } });
  });

  it('tells another request under an id that is taken that it is, and what is wrong with one that is', async () => {
    const world = createWorld({ activeMax: 1 });
    await world.start('one');
    expect(await world.start('one', { ...nap, version: 2 })).toBe('conflict');
    expect(await world.start('two', { ...nap, nodes: [] })).toBe('invalid');
  });
});

describe('the memory of Redis', () => {
  it('has room for so many, which are let in with one look; where there is none it is looked once a second', async () => {
    const world = createWorld();
    world.load = memory(50 * MiB);
    await world.many(200);
    expect(world.looks).toBe(1);
    world.clock.advance(1_000);
    world.load = memory(90 * MiB);
    expect((await world.many(50)).not_admitted).toHaveLength(50);
    expect(world.looks).toBe(2);
    expect(world.refused[0]).toMatchObject({ limit: 'memory', message: expect.stringContaining('90.0 of 100.0 MiB'), retryAfterMs: 5_000 });
    world.clock.advance(1_000);
    world.load = memory(50 * MiB);
    expect(await world.start()).toBe('created');
  });

  it('is looked at sooner where so many came that what was seen may not hold', async () => {
    const world = createWorld();
    world.load = memory(80 * MiB);
    expect((await world.many(300)).created).toHaveLength(300);
    expect(world.looks).toBeGreaterThan(3);
    expect(world.looks).toBeLessThan(20);
  });

  it('keeps room for what is active: each may come to take more', async () => {
    const world = createWorld();
    world.load = memory(90 * MiB - 500 * 8 * 1024);
    const { created = [], not_admitted: refused = [] } = await world.many(600);
    expect(created.length).toBeGreaterThan(400);
    expect(created.length).toBeLessThan(500);
    expect(created.length + refused.length).toBe(600);
  });
});

describe('the depth of a queue', () => {
  it('holds up the workflows that ask for its capability, and no others', async () => {
    const world = createWorld({ queuedMax: 10 });
    world.load = { memory: null, queued: new Map([['test.ask', 10]]) };
    const other = { name: 'other', version: 1, nodes: [{ id: 'tell', capability: 'test.tell' }] };
    expect([await world.start('one'), await world.start('other', other)]).toEqual(['not_admitted', 'created']);
    expect(world.refused[0]).toMatchObject({ limit: 'capability', of: 'test.ask', message: expect.stringContaining('10 subtasks wait for test.ask') });
    world.clock.advance(1_000);
    world.load = { memory: null, queued: new Map([['test.ask', 9]]) };
    expect(await world.start('one')).toBe('created');
  });
});

describe('room for those that wait', () => {
  it('is what the limit leaves', async () => {
    const world = createWorld({ activeMax: 5, queuedMax: 20 });
    await world.many(2);
    world.load = { ...memory(0), queued: new Map([['test.ask', 12]]) };
    expect(await world.admission.room({ limit: 'type', of: 'nap' })).toBe(3);
    expect(await world.admission.room({ limit: 'type', of: 'unheard-of' })).toBe(5);
    expect(await world.admission.room({ limit: 'capability', of: 'test.ask' })).toBe(8);
    expect(await world.admission.room({ limit: 'memory', of: '' })).toBe(200);
  });

  it('is as much as goes at a time where the limit was taken away, and none where Redis is full', async () => {
    const world = createWorld();
    expect(await world.admission.room({ limit: 'type', of: 'nap' })).toBe(200);
    expect(await world.admission.room({ limit: 'capability', of: 'test.ask' })).toBe(200);
    world.load = memory(95 * MiB);
    expect(await world.admission.room({ limit: 'type', of: 'nap' })).toBe(0);
  });
});
