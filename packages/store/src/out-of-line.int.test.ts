/** A record whose long values are out of line: short in Redis, whole when it is loaded, and gone when it goes. */
import { apply, decide, limits, type WorkflowEvent } from '@baton/core';
import { commitOne, completion, createMemoryBlobs, graphDefinition, randomPrefix, step, storedOf, workflowOf } from '@baton/testkit';
import { describe, expect, it } from 'vitest';
import { useRedis } from './redis-under-test.ts';
import { createStore } from './store.ts';

// One server: its keys are listed.
const redis = useRedis({ isSingle: true });
const long = (letter: string) => letter.repeat(1024 * 1024);
const chain = { ...graphDefinition([[], [0]]), result: { last: '$steps.n1', params: '$params.rows' } };
const params = { rows: long('p'), few: 1, lookalike: '@[[["rows"],"ab",3]]\nnull' };

async function world() {
  const prefix = randomPrefix();
  const connection = redis.connect();
  const blobs = createMemoryBlobs();
  const stores = { inside: createStore({ redis: connection, prefix }), outside: createStore({ redis: connection, prefix, blobs }) };
  const bytesOf = async (key: string) => (await connection.memory('USAGE', `${prefix}:${key}`, 'SAMPLES', 0)) ?? 0;
  const ttlOf = async (key: string) => await connection.pttl(`${prefix}:${key}`);
  return { prefix, connection, blobs, bytesOf, ttlOf, ...stores };
}

/** Up to where its first step is done, with something long in each place. */
async function begun(store: ReturnType<typeof createStore>) {
  const workflow = workflowOf(chain, { params, conversation: { before: long('v') } });
  await step(store, workflow, [{ kind: 'started' }], 100);
  await step(store, workflow, [completion(workflow, 'n0', { text: long('r'), note: 'short' })], 200);
  await commitOne(store, workflow, {
    context: [['a.b', { value: { list: [1, long('c')] }, by: 'n0', order: [0] }]],
    inbox: [['early', { kind: 'signal', id: 'early', signal: 'go', payload: long('s'), by: 'ann', at: 1 }]],
  });
  return workflow;
}

const finish = (workflow: Parameters<typeof completion>[0]): readonly WorkflowEvent[] => [completion(workflow, 'n1', long('e'))];

describe.each(['inside', 'outside'] as const)('with payloads %s of Redis', (where) => {
  it('is whole when it is loaded, and short where it is stored', async () => {
    const { [where]: store, prefix, connection, bytesOf } = await world();
    const workflow = await begun(store);
    const { id } = workflow.header;
    expect(storedOf(await store.load(id))).toEqual(storedOf(workflow));
    expect((await bytesOf(`wf:${id}`)) + (await bytesOf(`wf:${id}:ctx`))).toBeLessThan(limits.inlineBytesMax);
    expect(await connection.exists(`${prefix}:blob:${id}`)).toBe(where === 'inside' ? 1 : 0);

    await step(store, workflow, finish(workflow), 300);
    expect((await store.summary(id))?.state).toEqual(workflow.state);
    const listed = await store.list({ limit: 10 });
    expect(listed.workflows).toMatchObject([
      { header: { id, params: { few: 1, rows: null } }, state: { status: 'completed', result: { last: null, params: null } } },
    ]);
  });

  it('goes with all that is out of line', async () => {
    const { [where]: store, prefix, connection, blobs } = await world();
    const workflow = await begun(store);
    await step(store, workflow, finish(workflow), 300);
    await store.purge(workflow.header.id);
    expect([await connection.keys(`${prefix}:wf*`), await connection.keys(`${prefix}:blob*`), blobs.texts.size]).toEqual([[], [], 0]);
  });
});

it('lets what is out of line in Redis live as long as the record, and again when that is brought back', async () => {
  const { inside: store, ttlOf } = await world();
  const workflow = await begun(store);
  const [record, blob] = [`wf:${workflow.header.id}`, `blob:${workflow.header.id}`];
  expect([await ttlOf(record), await ttlOf(blob)]).toEqual([-1, -1]);
  const loaded = (await store.load(workflow.header.id)) as typeof workflow;
  await step(store, loaded, finish(loaded), 300);
  expect(await ttlOf(blob)).toBeGreaterThan(workflow.type.definition.retention_ms);
  expect(Math.abs((await ttlOf(blob)) - (await ttlOf(record)))).toBeLessThan(1_000);
  const again = (await store.load(workflow.header.id)) as typeof workflow;
  await step(store, again, [{ kind: 'controlled', control: { action: 'rerun', from: 'n1' }, by: 'ann' }], 400);
  expect([await ttlOf(record), await ttlOf(blob)]).toEqual([-1, -1]);
});

it('keeps the same text once, whatever it stands in, and writes nothing where the commit loses', async () => {
  const { outside: store, blobs } = await world();
  const workflow = await begun(store);
  const texts = [...(blobs.texts.get(workflow.header.id)?.values() ?? [])].map((text) => text[1]);
  expect([texts.length, new Set(texts)]).toEqual([5, new Set(['c', 'p', 'r', 's', 'v'])]);
  const { patch, effects } = decide(workflow, finish(workflow), 300);
  expect(await store.commit([{ workflow: { ...workflow, revision: 1 }, patch, effects }])).toEqual([{ status: 'conflict' }]);
  expect(storedOf(await store.load(workflow.header.id))).toEqual(storedOf(workflow));
});

it('writes nothing that refers to what could not be kept', async () => {
  const { outside: store, blobs } = await world();
  const workflow = await begun(store);
  const away = { ...blobs, put: () => Promise.reject(new Error('away')) };
  const { prefix, connection } = await world();
  const unlucky = createStore({ redis: connection, prefix, blobs: away });
  const { patch, effects } = decide(workflow, [], 300);
  await expect(unlucky.commit([{ workflow: { ...workflow, revision: 0 }, patch, effects }])).rejects.toThrow('away');
  expect(await connection.keys(`${prefix}*`)).toEqual([]);
});

it('says what is lost, and what is left can be brought to an end', async () => {
  const { outside: store, blobs } = await world();
  const workflow = await begun(store);
  blobs.texts.get(workflow.header.id)?.clear();
  const left = (await store.load(workflow.header.id)) as typeof workflow;
  expect(left.lost).toEqual(['the params', 'what came early as "early"', 'what "n0" came to', 'the context\'s "a.b"']);
  const { patch, effects } = decide(left, finish(workflow), 500);
  expect(patch.state).toMatchObject({ status: 'failed', error: { code: 'PAYLOAD_LOST' } });
  expect(await store.commit([{ workflow: left, patch, effects }])).toMatchObject([{ status: 'committed' }]);
  apply(left, patch);
  expect((await store.summary(workflow.header.id))?.state).toEqual(left.state);
});

it('says so of a result that is lost', async () => {
  const { outside: store, blobs } = await world();
  const workflow = await begun(store);
  await step(store, workflow, finish(workflow), 300);
  blobs.texts.get(workflow.header.id)?.clear();
  expect(await store.summary(workflow.header.id)).toMatchObject({ isLost: true, state: { status: 'completed' } });
});

it("tells a parent by reference, in the parent's own scope", async () => {
  const { outside: store, blobs, connection, prefix } = await world();
  const child = workflowOf(graphDefinition([[]]), { id: 'child', parent: { workflowId: 'above', subtaskId: 'w', generation: 0 } });
  await step(store, child, [{ kind: 'started' }], 100);
  await step(store, child, [completion(child, 'n0', long('e'))], 200);
  const [stream = ''] = await connection.keys(`${prefix}:res.workflow.*`);
  const [[, [, raw = '']] = ['', []]] = await connection.xrange(stream, '-', '+');
  expect(raw.length).toBeLessThan(2_000);
  const { by_reference } = (JSON.parse(raw) as { payload: { by_reference: { value: unknown; blobs: { sha256: string; at: string[] }[] } } }).payload;
  expect(by_reference).toMatchObject({ value: { result: { n0: null } }, blobs: [{ at: ['result', 'n0'] }] });
  expect(blobs.texts.get('above')?.get(by_reference.blobs[0]?.sha256 ?? '')).toBe(JSON.stringify(long('e')));
});
