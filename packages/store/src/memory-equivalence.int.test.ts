/** Whatever is committed, in whatever order and from whatever revision: memory and Redis answer the same and hold the same. */
import {
  apply,
  type CommitOutcome,
  type ContextEntry,
  type ControlFlag,
  type DeadlineChange,
  type Effect,
  type InboxItem,
  type Json,
  type Patch,
  partitionCount,
  type Subtask,
  type Workflow,
  type WorkflowHeader,
  type WorkflowState,
  type WorkflowStore,
  workflowStatuses,
} from '@baton/core';
import { createMemoryStore, dispatchOf, graphDefinition, patch, randomPrefix, storedOf, workflowOf } from '@baton/testkit';
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { useRedis } from './redis-under-test.ts';
import { createStore } from './store.ts';

const redis = useRedis();
const definitions = ([['one', 'shared'], ['two', 'isolated']] as const).map(([name, conversation]) => ({ ...graphDefinition([[], [0], [0], [1, 2]]), name, conversation })); // biome-ignore format: pairs
const headers: readonly (Partial<WorkflowHeader> & { readonly id: string })[] = [
  { id: 'a', createdAt: 0, conversationId: 'c1', parent: { workflowId: 'b', subtaskId: 'n1', generation: 1 } },
  { id: 'b', createdAt: 1, conversationId: 'c1' },
  { id: 'c', createdAt: 0, conversationId: 'c1', parent: { workflowId: 'gone', subtaskId: 'n0[1]', generation: 0 } },
];
const ids = headers.map(({ id }) => id);
const nodes = ['n0', 'n1', 'n2', 'n3', 'n0[1]', 'n0[11]', 'n1#2/generate', 'n2[3]'];

const at = fc.nat(50);
const json = fc.jsonValue() as fc.Arbitrary<Json>;
const generation = fc.nat(2);
const node = fc.constantFrom(...nodes);
const subtask: fc.Arbitrary<Subtask> = fc.oneof(
  fc.record({ status: fc.constant('assigned' as const), generation, assignedAt: at, issuedAt: at }),
  fc.record({ status: fc.constant('pending' as const), generation }),
  fc.record({ status: fc.constant('pending' as const), generation, behind: fc.dictionary(node, generation, { maxKeys: 2 }) }),
  fc.record({ status: fc.constant('retrying' as const), generation, assignedAt: at, until: at, tries: fc.constant({ fallback: 0, repairs: 0, overloads: 1 }) }),
  fc.record({ status: fc.constant('waiting' as const), generation, assignedAt: at, for: fc.record({ kind: fc.constant('sleep' as const), until: at }) }),
  fc.record({ status: fc.constant('completed' as const), generation, assignedAt: at, settledAt: at, result: json }),
  fc.record({ status: fc.constant('cancelled' as const), generation, settledAt: at }),
);
const error = fc.record({ code: fc.string(), message: fc.string() });
const state: fc.Arbitrary<WorkflowState> = fc.oneof(
  fc.record({ status: fc.constantFrom('running' as const, 'waiting' as const), expiresAt: at }),
  fc.record({ status: fc.constant('paused' as const), expiresAt: at, pausedAt: at, by: fc.string() }),
  fc.record({ status: fc.constant('completed' as const), endedAt: at, result: json }),
  fc.record({
    status: fc.constantFrom('failed' as const, 'timed_out' as const, 'cancelled' as const),
    endedAt: at,
    error: error.filter(({ code }) => code !== ''),
  }),
);
const deadline: fc.Arbitrary<DeadlineChange> = fc.record({ subtaskId: fc.option(node), at: fc.option(at) });
const path = fc.constantFrom('a', 'a.b', 'a.b.c', 'a.d', 'e', 'e.f.g');
const entry: fc.Arbitrary<ContextEntry> = fc.record({ value: json, by: node, order: fc.array(fc.nat(3), { minLength: 1, maxLength: 3 }) });
const item: fc.Arbitrary<InboxItem> = fc.record({
  kind: fc.constant('signal' as const),
  id: fc.constantFrom('s1', 's2', 's3'),
  signal: fc.constant('go'),
  payload: json,
  by: fc.string(),
  at,
});
const flag: fc.Arbitrary<ControlFlag> = fc.record({
  key: fc.constantFrom('*', 'n0~0', 'n0[1]~2'),
  flag: fc.option(fc.oneof(fc.constant('paused' as const), at.map((from) => `cancelled:${from}` as const))), // biome-ignore format: one flag
});
const effect = fc.record({
  kind: fc.constantFrom('dispatch', 'start_child', 'notify', 'control_child'),
  node,
  at,
  generation,
  inputs: fc.subarray(nodes, { maxLength: 2 }),
});

const commitMove = fc.record({
  kind: fc.constant('commit' as const),
  workflow: fc.nat(ids.length - 1),
  definition: fc.nat(1),
  /** Decided on a workflow as it was one commit ago. */
  isStale: fc.boolean(),
  subtasks: fc.uniqueArray(fc.tuple(node, subtask), { selector: ([id]) => id, maxLength: 4 }),
  state: fc.option(state, { nil: undefined }),
  deadlines: fc.array(deadline, { maxLength: 4 }),
  effects: fc.array(effect, { maxLength: 3 }),
  cancelled: fc.array(at, { maxLength: 2 }),
  context: fc.uniqueArray(fc.tuple(path, entry), { selector: ([own]) => own, maxLength: 3 }),
  inbox: fc.uniqueArray(fc.tuple(item, fc.boolean()), { selector: ([{ id }]) => id, maxLength: 2 }),
  control: fc.uniqueArray(flag, { selector: ({ key }) => key, maxLength: 2 }),
});
const purgeMove = fc.record({ kind: fc.constant('purge' as const), workflow: fc.nat(ids.length - 1) });
const clearMove = fc.record({ kind: fc.constant('clear' as const), workflow: fc.nat(ids.length - 1), node, generation });
const move = fc.oneof({ weight: 8, arbitrary: commitMove }, { weight: 1, arbitrary: purgeMove }, { weight: 1, arbitrary: clearMove });
type Move = typeof move extends fc.Arbitrary<infer Value> ? Value : never;
type CommitMove = Extract<Move, { kind: 'commit' }>;

function patchOf({ subtasks, state: after, deadlines, cancelled, context, inbox, control }: CommitMove): Patch {
  const events = cancelled.map((time) => ({ type: 'subtask_cancelled', at: time, subtaskId: 'n0' }) as const);
  const items = inbox.map(([given, isTaken]) => [given.id, isTaken ? null : given] as const);
  return patch({ subtasks, deadlines, events, context, inbox: items, control, ...(after !== undefined && { state: after }) });
}

function effectOf(workflow: Workflow, given: CommitMove['effects'][number]): Effect {
  const { id: workflowId, type } = workflow.header;
  const subject = { workflowId, subtaskId: given.node, generation: given.generation };
  const inputs = given.inputs.map((id) => dispatchOf(workflow, id, given.at, given.generation));
  if (given.kind === 'dispatch') return dispatchOf(workflow, given.node, given.at, given.generation, inputs);
  if (given.kind === 'control_child') return { kind: 'control_child', subtaskId: given.node, workflowId: 'child', control: 'pause', graceMs: 0, by: 'ann' };
  if (given.kind === 'start_child')
    return { kind: 'start_child', start: { parent: subject, workflowId: 'child', type, version: 1, params: {}, caller: '', depth: 1, issuedAt: given.at } };
  return { kind: 'notify', notification: { ...subject, workflowType: type, url: 'http://x', shown: {}, approvers: [], expiresAt: 90, issuedAt: given.at } };
}

/** A writer of its own for each store, which holds workflows as an orchestrator does. */
function createWriter(store: WorkflowStore) {
  const held = new Map<string, Workflow>();

  async function commit(given: CommitMove): Promise<CommitOutcome['status']> {
    const id = ids[given.workflow] as string;
    const workflow = held.get(id) ?? (await store.load(id)) ?? workflowOf(definitions[given.definition], headers[given.workflow]);
    const change = patchOf(given);
    const effects = given.effects.map((one) => effectOf(workflow, one));
    const decidedOn = given.isStale && workflow.revision > 0 ? { ...workflow, revision: workflow.revision - 1 } : workflow;
    const [outcome] = await store.commit([{ workflow: decidedOn, patch: change, effects }]);
    if (outcome?.status !== 'committed') return 'conflict';
    apply(workflow, change);
    workflow.revision = outcome.revision;
    workflow.eventHash = outcome.eventHash;
    held.set(id, workflow);
    return 'committed';
  }

  return async (given: Move): Promise<unknown> => {
    const id = ids[given.workflow] as string;
    if (given.kind === 'commit') return await commit(given);
    if (given.kind === 'clear')
      return await store.clearOutbox(workflowOf(definitions[0], { id }).partition, [{ workflowId: id, subtaskId: given.node, generation: given.generation }]);
    await store.purge(id);
    if ((await store.load(id)) === null) held.delete(id);
    return undefined;
  };
}

const filters = [{}, ...workflowStatuses.map((status) => ({ status })), { type: 'one' }, { type: 'two', status: 'completed' }];

/** Everything that a store can be asked. */
async function contentOf(store: WorkflowStore) {
  const everything = Number.MAX_SAFE_INTEGER;
  const partitions = Array.from({ length: partitionCount }, (_, partition) => partition);
  const logs = await Promise.all(ids.map(async (id) => await store.events(id, null, 1_000)));
  return {
    workflows: await Promise.all(ids.map(async (id) => storedOf(await store.load(id)))),
    logs: logs.map((entries) => entries.map(({ events, hash }) => ({ events, hash }))),
    lists: await Promise.all(filters.map(async (query) => await store.list({ ...(query as object), limit: 10 }))),
    deadlines: await Promise.all(partitions.map(async (partition) => await store.dueDeadlines(partition, everything, 100))),
    outbox: await Promise.all(partitions.map(async (partition) => await store.staleOutbox(partition, everything, 100))),
    active: await store.activeCounts(),
    conversation: await store.conversation('c1'),
  };
}

it('holds what memory holds after any sequence of commits', async () => {
  const connection = redis.connect();
  await fc.assert(
    fc.asyncProperty(fc.array(move, { maxLength: 30 }), async (moves) => {
      const prefix = randomPrefix();
      const told = Array.from({ length: partitionCount }, (): string[] => []);
      const memory = createMemoryStore({ append: (_, partition, raw) => told[partition]?.push(raw) });
      const [inMemory, onRedis] = [createWriter(memory), createWriter(createStore({ redis: connection, prefix }))];
      for (const given of moves) expect(await onRedis(given)).toEqual(await inMemory(given));
      expect(await contentOf(createStore({ redis: connection, prefix }))).toEqual(await contentOf(memory));
      for (const id of ids) expect(await connection.hgetall(`${prefix}:ctl:${id}`)).toEqual(Object.fromEntries(memory.control(id)));
      for (const [partition, raw] of told.entries()) {
        const entries = await connection.xrange(`${prefix}:res.workflow.${partition}`, '-', '+');
        expect(entries.map(([, [, text = '']]) => JSON.parse(text) as unknown)).toEqual(raw.map((text) => JSON.parse(text) as unknown));
      }
    }),
    { numRuns: 150 },
  );
});
