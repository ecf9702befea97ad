/**
 * Shards on a real Redis Cluster of three nodes, with two orchestrators and two agents: one node dies in the middle and comes back from its
 * append-only file. What is in the others goes on, and nothing is lost: every workflow ends, every effect was had once.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { hasEnded, type Json, shardOf } from '@baton/core';
import { createEngines, type Engines } from '@baton/engine';
import { connectRedis, createSubtaskQueue, openShards, type Redis, serverEndpoint, serverOf } from '@baton/queue';
import { createStores, type Records, recordsOf } from '@baton/store';
import { type ClusterFixture, startProcess, startRedisCluster, type TestProcess } from '@baton/testkit';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';

const orchestratorMain = fileURLToPath(new URL('./main.ts', import.meta.url));
const agentMain = fileURLToPath(new URL('./fixture/ledger-agent.ts', import.meta.url));
const prefix = '{cluster-test:0}';
const shards = 6;
const workflows = 30;
const ids = Array.from({ length: workflows }, (_, index) => `wf${index}`);
/** What may be at work when the node dies: of two agents, two subtasks of each of two capabilities. */
const inHandMax = 2 * 2 * 2;

const definition: Json = {
  name: 'mixed',
  version: 1,
  nodes: [
    { id: 'first', capability: 'test.mark' },
    { id: 'each', kind: 'map', needs: ['first'], over: [1, 2, 3, 4], each: { capability: 'test.slow' } },
    { id: 'sub', kind: 'workflow', type: 'leaf', needs: ['first'] },
    { id: 'rest', kind: 'sleep', for_ms: 300, needs: ['first'] },
    { id: 'last', capability: 'test.mark', needs: ['each', 'sub', 'rest'] },
  ],
};
/** first, four items, the leaf of the child, last. */
const effectsPerWorkflow = 7;

let cluster: ClusterFixture;
let folder: string;
let redis: Redis;
let prefixes: readonly string[];
let records: Records;
let engines: Engines;
const processes: TestProcess[] = [];

beforeAll(async () => {
  // What Redis has answered is on disk: a node that is killed takes back nothing that it said.
  cluster = await startRedisCluster({ args: ['--appendfsync', 'always'] });
  folder = await mkdtemp(join(tmpdir(), 'baton-cluster-'));
  redis = await connectRedis(cluster.url, { name: 'cluster-test' });
  prefixes = await openShards(redis, prefix, shards);
  const stores = createStores({ redis, prefixes });
  records = recordsOf(stores);
  engines = createEngines(
    stores.map((store, shard) => ({
      store,
      queue: createSubtaskQueue({ redis, prefix: prefixes[shard] as string }),
      now: Date.now,
      observe: () => {},
      warn: (event, error) => expect.fail(`${event}: ${String(error)}`),
    })),
  );
  const env = { BATON_REDIS_URL: cluster.url, BATON_PREFIX: prefix, BATON_SHARDS: String(shards), BATON_METRICS_PORT: '0', BATON_LEASE_MS: '2000' };
  for (const main of [orchestratorMain, orchestratorMain, agentMain, agentMain]) processes.push(startProcess(main, env, [join(folder, 'ledger')]));
  await Promise.all(processes.map((child, index) => child.saw(index < 2 ? 'orchestrator_ready' : 'agent_ready')));
  await engines.desk.register({ name: 'leaf', version: 1, nodes: [{ id: 'inner', capability: 'test.mark' }] });
});
afterAll(async () => {
  await Promise.all(processes.map((child) => child.end('SIGKILL')));
  redis?.disconnect();
  await cluster?.stop();
  await rm(folder, { recursive: true, force: true });
});

async function start(some: readonly string[]): Promise<void> {
  const outcomes = await Promise.all(some.map((workflowId) => engines.desk.start({ workflowId, definition, params: {}, caller: 'test' })));
  expect(outcomes.filter(({ status }) => status !== 'created')).toEqual([]);
}

async function endedOf(some: readonly string[]): Promise<readonly string[]> {
  const summaries = await Promise.all(some.map((id) => records.summary(id)));
  return summaries.flatMap((summary) => (summary !== null && hasEnded(summary.state) ? [`${summary.header.id} ${summary.state.status}`] : []));
}

/** How often each key stands in the ledger. */
async function ledger(word: 'ran' | 'did'): Promise<ReadonlyMap<string, number>> {
  const lines = (await readFile(join(folder, 'ledger'), 'utf8')).split('\n').filter((line) => line.startsWith(word));
  return new Map([...Map.groupBy(lines, (line) => line.slice(word.length + 1))].map(([key, own]) => [key, own.length]));
}

const homeOf = (workflowId: string): string => serverEndpoint(serverOf(redis, prefixes[shardOf(workflowId, shards)] as string));

it('goes on where it can while a node is away, and loses nothing', { timeout: 60_000 }, async () => {
  const nodes = new Set(prefixes.map((each) => serverEndpoint(serverOf(redis, each))));
  expect(nodes.size).toBe(3);
  expect(new Set(ids.map(homeOf)).size).toBe(3);

  // The one of the home shard, which has what there is only once.
  const victim = await cluster.nodeOf(`${prefix}:shards`);
  const isAway = (id: string): boolean => homeOf(id) === `127.0.0.1:${victim.port}`;
  const [away, elsewhere] = [ids.filter(isAway), ids.filter((id) => !isAway(id))];
  await start(ids);
  // In the middle: some steps are done, and no workflow is, which takes longer than its sleep.
  await vi.waitFor(async () => expect((await ledger('did')).size).toBeGreaterThan(workflows), { timeout: 10_000, interval: 20 });
  expect(away.length).toBeGreaterThan(0);
  await victim.kill();
  // The others do not wait for it.
  await vi.waitFor(async () => expect(await endedOf(elsewhere)).toEqual(elsewhere.map((id) => `${id} completed`)), { timeout: 20_000, interval: 50 });
  await victim.restart();

  await vi.waitFor(async () => expect(await endedOf(ids)).toEqual(ids.map((id) => `${id} completed`)), { timeout: 30_000, interval: 100 });
  const [ran, did] = [await ledger('ran'), await ledger('did')];
  expect(did.size).toBe(workflows * effectsPerWorkflow);
  expect([...did].filter(([, times]) => times > 1)).toEqual([]);
  const again = [...ran.values()].reduce((sum, times) => sum + times - 1, 0);
  expect(again).toBeLessThanOrEqual(inHandMax);

  const page = await records.list({ limit: 2 * workflows });
  expect(page.workflows).toHaveLength(2 * workflows);
  expect(new Set(page.workflows.map(({ header: { id } }) => id)).size).toBe(2 * workflows);
  expect([...(await records.activeCounts())]).toEqual([]);
});
