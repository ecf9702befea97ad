/** An orchestrator that is stopped (SIGSTOP) in the middle of its work, for longer than its lease, and goes on as if nothing had been: it loses, and breaks nothing. */
import { fileURLToPath } from 'node:url';
import { type EventEntry, nextEventHash } from '@baton/core';
import { createEngine } from '@baton/engine';
import { connectRedis, createSubtaskQueue, partitionOwners } from '@baton/queue';
import { createStore } from '@baton/store';
import { randomPrefix, startProcess, startRedis } from '@baton/testkit';
import { expect, it, onTestFinished, vi } from 'vitest';

const orchestratorMain = fileURLToPath(new URL('./main.ts', import.meta.url));
const agentMain = fileURLToPath(new URL('./fixture/counting-agent.ts', import.meta.url));
const leaseMs = 500;
const workflows = 40;
const [depth, width] = [12, 3];

/** Layers of subtasks, each waiting for the whole layer before. */
const nodes = Array.from({ length: depth * width }, (_, position) => {
  const layer = Math.floor(position / width);
  const needs = layer === 0 ? [] : Array.from({ length: width }, (__, index) => `n${layer - 1}_${index}`);
  return { id: `n${layer}_${position % width}`, capability: 'test.count', needs };
});

it('one that comes back after others took its partitions over loses, and corrupts nothing', { timeout: 90_000 }, async () => {
  const fixture = await startRedis();
  onTestFinished(() => fixture.stop());
  const prefix = randomPrefix();
  const redis = await connectRedis(fixture.url, { name: 'frozen-test' });
  onTestFinished(() => redis.disconnect());
  const [store, queue] = [createStore({ redis, prefix }), createSubtaskQueue({ redis, prefix })];
  onTestFinished(() => queue.close());
  const warn = (event: string, error: unknown) => expect.fail(`${event}: ${String(error)}`);
  const engine = createEngine({ store, queue, now: () => Date.now(), observe: () => {}, warn });
  const run = (main: string) => {
    const child = startProcess(main, { BATON_REDIS_URL: fixture.url, BATON_PREFIX: prefix, BATON_METRICS_PORT: '0', BATON_LEASE_MS: String(leaseMs) });
    // One that is stopped takes no other signal than this.
    onTestFinished(async () => void (await child.end('SIGKILL')));
    return child;
  };
  const [frozen, other, agent] = [run(orchestratorMain), run(orchestratorMain), run(agentMain)];
  await Promise.all([frozen.saw('orchestrator_ready'), other.saw('orchestrator_ready'), agent.saw('agent_ready')]);
  const ownerOf = ({ output }: typeof frozen): string => /"event":"orchestrator_ready".*"owner":"([^"]+)"/.exec(output())?.[1] ?? expect.unreachable();
  const owned = async (child: typeof frozen) => (await partitionOwners(redis, prefix)).filter((owner) => owner === ownerOf(child)).length;
  await vi.waitFor(async () => expect([await owned(frozen), await owned(other)]).toEqual([8, 8]), { timeout: 20_000, interval: 50 });

  const ids = Array.from({ length: workflows }, (_, index) => `wf${index}`);
  await Promise.all(ids.map((workflowId) => engine.start({ workflowId, definition: { name: 'layers', version: 1, nodes }, params: {}, caller: 'test' })));
  const effects = () => redis.hvals(`${prefix}:effects`);
  const total = workflows * depth * width;
  for (const share of [0.1, 0.25, 0.4, 0.55, 0.7]) {
    await vi.waitFor(async () => expect((await effects()).length).toBeGreaterThan(share * total), { timeout: 30_000, interval: 5 });
    process.kill(frozen.pid, 'SIGSTOP');
    // Its lease is over, and the other one goes on with its workflows.
    await vi.waitFor(async () => expect(await owned(other)).toBe(16), { timeout: 20_000, interval: 20 });
    process.kill(frozen.pid, 'SIGCONT');
    await vi.waitFor(async () => expect(await owned(frozen)).toBe(8), { timeout: 20_000, interval: 20 });
  }
  await vi.waitFor(async () => expect((await store.list({ status: 'completed', limit: 200 })).workflows).toHaveLength(workflows), {
    timeout: 60_000,
    interval: 100,
  });

  expect(await effects()).toEqual(Array<string>(total).fill('1'));
  for (const id of ids) {
    const entries = await store.events(id, null, 1_000);
    expect(chained(entries)).toBe(true);
    const count = (type: string) => entries.flatMap(({ events }) => events).filter((event) => event.type === type).length;
    expect([count('workflow_started'), count('subtask_assigned'), count('subtask_completed'), count('workflow_completed')]).toEqual([
      1,
      depth * width,
      depth * width,
      1,
    ]);
    expect([...((await store.load(id))?.subtasks.values() ?? [])].every(({ status, generation }) => status === 'completed' && generation === 0)).toBe(true);
  }
  expect(await redis.xlen(`${prefix}:dead`)).toBe(0);
});

/** Each entry carries the hash over the one before and its own events: none was lost, doubled or put in between. */
function chained(entries: readonly EventEntry[]): boolean {
  let before = '';
  return entries.every(({ hash, events }) => {
    before = nextEventHash(before, events);
    return before === hash;
  });
}
