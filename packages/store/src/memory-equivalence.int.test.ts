/** Whatever is committed, in whatever order and from whatever revision: memory and Redis answer the same and hold the same. */
import {
  apply,
  type CommitOutcome,
  type DeadlineChange,
  type Patch,
  partitionCount,
  type Subtask,
  type Workflow,
  type WorkflowState,
  type WorkflowStore,
} from '@baton/core';
import { createMemoryStore, dispatchOf, graphDefinition, patch, randomPrefix, workflowOf } from '@baton/testkit';
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { useRedis } from './redis-under-test.ts';
import { createStore } from './store.ts';

const redis = useRedis();
const definitions = ['one', 'two'].map((name) => ({ ...graphDefinition([[], [0], [0], [1, 2]]), name }));
const ids = ['a', 'b', 'c'];
const nodes = ['n0', 'n1', 'n2', 'n3'];

const at = fc.nat(50);
const subtask: fc.Arbitrary<Subtask> = fc.oneof(
  fc.record({ status: fc.constant('assigned' as const), generation: fc.nat(2), assignedAt: at }),
  fc.record({ status: fc.constant('completed' as const), generation: fc.nat(2), assignedAt: at, settledAt: at, result: fc.jsonValue() as fc.Arbitrary<never> }),
  fc.record({ status: fc.constant('cancelled' as const), generation: fc.nat(2), settledAt: at }),
);
const state: fc.Arbitrary<WorkflowState> = fc.oneof(
  fc.record({ status: fc.constant('running' as const), expiresAt: at }),
  fc.record({ status: fc.constant('completed' as const), endedAt: at, result: fc.jsonValue() as fc.Arbitrary<never> }),
  fc.record({ status: fc.constant('failed' as const), endedAt: at, error: fc.record({ code: fc.string(), message: fc.string() }) }),
);
const deadline: fc.Arbitrary<DeadlineChange> = fc.record({ subtaskId: fc.option(fc.constantFrom(...nodes)), at: fc.option(at) });

const commitMove = fc.record({
  kind: fc.constant('commit' as const),
  workflow: fc.nat(ids.length - 1),
  definition: fc.nat(1),
  /** Decided on a workflow as it was one commit ago. */
  isStale: fc.boolean(),
  subtasks: fc.uniqueArray(fc.tuple(fc.constantFrom(...nodes), subtask), { selector: ([id]) => id, maxLength: 4 }),
  state: fc.option(state, { nil: undefined }),
  deadlines: fc.array(deadline, { maxLength: 4 }),
  dispatches: fc.array(fc.tuple(fc.constantFrom(...nodes), at, fc.nat(2)), { maxLength: 3 }),
  cancelled: fc.array(at, { maxLength: 2 }),
});
const purgeMove = fc.record({ kind: fc.constant('purge' as const), workflow: fc.nat(ids.length - 1) });
const clearMove = fc.record({ kind: fc.constant('clear' as const), workflow: fc.nat(ids.length - 1), node: fc.constantFrom(...nodes), generation: fc.nat(2) });
const move = fc.oneof({ weight: 8, arbitrary: commitMove }, { weight: 1, arbitrary: purgeMove }, { weight: 1, arbitrary: clearMove });
type Move = typeof move extends fc.Arbitrary<infer Value> ? Value : never;
type CommitMove = Extract<Move, { kind: 'commit' }>;

function patchOf({ subtasks, state: after, deadlines, cancelled }: CommitMove): Patch {
  const events = cancelled.map((time) => ({ type: 'subtask_cancelled', at: time, subtaskId: 'n0' }) as const);
  return patch({ subtasks, deadlines, events, ...(after !== undefined && { state: after }) });
}

/** A writer of its own for each store, which holds workflows as an orchestrator does. */
function createWriter(store: WorkflowStore) {
  const held = new Map<string, Workflow>();

  async function commit(given: CommitMove): Promise<CommitOutcome['status']> {
    const id = ids[given.workflow] as string;
    const workflow = held.get(id) ?? (await store.load(id)) ?? workflowOf(definitions[given.definition], { id, createdAt: given.workflow % 2 });
    const change = patchOf(given);
    const dispatches = given.dispatches.map(([node, time, generation]) => dispatchOf(workflow, node, time, generation));
    const decidedOn = given.isStale && workflow.revision > 0 ? { ...workflow, revision: workflow.revision - 1 } : workflow;
    const [outcome] = await store.commit([{ workflow: decidedOn, patch: change, dispatches }]);
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

/** Everything that a store can be asked. */
async function contentOf(store: WorkflowStore) {
  const everything = Number.MAX_SAFE_INTEGER;
  const partitions = Array.from({ length: partitionCount }, (_, partition) => partition);
  const logs = await Promise.all(ids.map(async (id) => await store.events(id, null, 1_000)));
  return {
    workflows: await Promise.all(ids.map(async (id) => await store.load(id))),
    logs: logs.map((entries) => entries.map(({ events, hash }) => ({ events, hash }))),
    lists: await Promise.all(
      [{}, { status: 'pending' }, { status: 'running' }, { status: 'failed' }, { type: 'one' }, { type: 'two', status: 'completed' }].map(
        async (query) => await store.list({ ...(query as object), limit: 10 }),
      ),
    ),
    deadlines: await Promise.all(partitions.map(async (partition) => await store.dueDeadlines(partition, everything, 100))),
    outbox: await Promise.all(partitions.map(async (partition) => await store.staleOutbox(partition, everything, 100))),
    active: await store.activeCounts(),
  };
}

it('holds what memory holds after any sequence of commits', async () => {
  const connection = redis.connect();
  await fc.assert(
    fc.asyncProperty(fc.array(move, { maxLength: 30 }), async (moves) => {
      const prefix = randomPrefix();
      const stores = [createMemoryStore(), createStore({ redis: connection, prefix })] as const;
      const [inMemory, onRedis] = [createWriter(stores[0]), createWriter(stores[1])];
      for (const given of moves) expect(await onRedis(given)).toEqual(await inMemory(given));
      const reopened = createStore({ redis: connection, prefix });
      expect(await contentOf(reopened)).toEqual(await contentOf(stores[0]));
    }),
    { numRuns: 150 },
  );
});
