/**
 * Redis goes away in the middle of the work and comes back on its data: what was acknowledged is there.
 * After SIGKILL that holds with `appendfsync always` only, where an answer leaves once it is on disk; `everysec` gives away up to two seconds
 * of a machine's last work, but nothing at a clean restart.
 */
import type { CommitOutcome, Workflow, WorkflowStore } from '@baton/core';
import { commitOne, completion, graphDefinition, randomPrefix, step, storedOf, workflowOf } from '@baton/testkit';
import { describe, expect, it } from 'vitest';
import { useRedis } from './redis-under-test.ts';
import { createStore } from './store.ts';
import { StoreError } from './store-error.ts';

const definition = graphDefinition([[], [0]]);

describe('a clean restart', () => {
  const redis = useRedis({ isSingle: true, args: ['--appendfsync', 'everysec'] });

  it('keeps workflows, deadlines, outbox, events and types, and the store goes on', async () => {
    const store = createStore({ redis: redis.connectServer(), prefix: randomPrefix() });
    const workflow = workflowOf(definition);
    await store.register(workflow.type, 1);
    await step(store, workflow, [{ kind: 'started' }], 100);
    await redis.server.restart();

    expect(storedOf(await store.load(workflow.header.id))).toEqual(storedOf(workflow));
    expect(await store.staleOutbox(workflow.partition, 1_000, 10)).toHaveLength(1);
    expect(await store.dueDeadlines(workflow.partition, Number.MAX_SAFE_INTEGER, 10)).toHaveLength(2);
    expect(await store.types()).toHaveLength(1);
    await step(store, workflow, [completion(workflow, 'n0')], 200);
    await step(store, workflow, [completion(workflow, 'n1')], 300);
    expect((await store.events(workflow.header.id, null, 10)).at(-1)?.hash).toBe(workflow.eventHash);
  });
});

describe('a kill', () => {
  const redis = useRedis({ isSingle: true, args: ['--appendfsync', 'always'] });

  it('loses nothing that was acknowledged, and what was not can be committed again', async () => {
    const prefix = randomPrefix();
    const store = createStore({ redis: redis.connectServer({ retryStrategy: () => 20 }), prefix });
    const workflows = Array.from({ length: 300 }, (_, index) => workflowOf(definition, { id: `w${index}` }));
    const acknowledged = new Set<Workflow>();

    let restarted: Promise<void> | undefined;
    async function start(workflow: Workflow): Promise<void> {
      const outcome = await persistently(store, workflow);
      if (outcome.status === 'committed') acknowledged.add(workflow);
      if (acknowledged.size === 100) restarted ??= redis.server.kill().then(async () => await redis.server.restart());
    }
    const lanes = Array.from({ length: 10 }, (_, lane) => workflows.filter((__, index) => index % 10 === lane));
    await Promise.all(
      lanes.map(async (lane) => {
        for (const workflow of lane) await start(workflow);
      }),
    );
    await restarted;
    expect(restarted).toBeDefined();

    const reopened = createStore({ redis: redis.connectServer(), prefix });
    for (const workflow of acknowledged) expect(storedOf(await reopened.load(workflow.header.id))).toEqual(storedOf(workflow));
    for (const workflow of workflows) {
      expect((await reopened.load(workflow.header.id))?.revision).toBe(1);
      expect(await reopened.events(workflow.header.id, null, 10)).toHaveLength(1);
    }
    expect(await reopened.activeCounts()).toEqual(new Map([['graph', workflows.length]]));
  });
});

/** As the engine does: after an error nobody knows whether it was written; asking again tells. */
async function persistently(store: WorkflowStore, workflow: Workflow): Promise<CommitOutcome> {
  for (;;) {
    try {
      return await commitOne(store, workflow, { events: [{ type: 'workflow_started', at: 1, caller: 'test' }] });
    } catch (error) {
      if (!(error instanceof StoreError && error.code === 'UNREACHABLE')) throw error;
    }
  }
}
