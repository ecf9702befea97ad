/** All agents of a capability are killed, for good or for a while: what they left is seen to wait, goes to the next one, or ends. */
import { fileURLToPath } from 'node:url';
import { createEngine } from '@baton/engine';
import { capabilityQueue } from '@baton/protocol';
import { connectRedis, createSubtaskQueue, openQueue } from '@baton/queue';
import { createStore } from '@baton/store';
import { randomPrefix, startProcess, startRedis } from '@baton/testkit';
import { expect, it, onTestFinished, vi } from 'vitest';

const orchestratorMain = fileURLToPath(new URL('./main.ts', import.meta.url));
const agentMain = fileURLToPath(new URL('./fixture/counting-agent.ts', import.meta.url));
const environment = { BATON_METRICS_PORT: '0', BATON_LEASE_MS: '600', BATON_JANITOR_MS: '250', BATON_LOCK_MS: '400' };

async function createWorld(url: string) {
  const prefix = randomPrefix();
  const redis = await connectRedis(url, { name: 'janitor-test' });
  onTestFinished(() => redis.disconnect());
  const [store, queue] = [createStore({ redis, prefix }), createSubtaskQueue({ redis, prefix })];
  onTestFinished(() => queue.close());
  const jobs = openQueue(redis, prefix, capabilityQueue('test.hold'));
  onTestFinished(() => jobs.close());
  const warn = (event: string, error: unknown) => expect.fail(`${event}: ${String(error)}`);
  const engine = createEngine({ store, queue, now: () => Date.now(), observe: () => {}, warn });
  const run = (main: string) => {
    const child = startProcess(main, { ...environment, BATON_REDIS_URL: url, BATON_PREFIX: prefix });
    onTestFinished(async () => void (await child.end('SIGKILL')));
    return child;
  };
  /** Starts an agent, and kills it when it has the job. */
  const killOne = async (deaths: number): Promise<void> => {
    const agent = run(agentMain);
    await vi.waitFor(async () => expect(await redis.llen(`${prefix}:held`)).toBe(deaths), { timeout: 10_000, interval: 20 });
    await agent.end('SIGKILL');
    expect(await jobs.getActiveCount()).toBe(1);
  };
  const definition = { name: 'hold', version: 1, nodes: [{ id: 'hold', capability: 'test.hold' }] };
  await engine.start({ workflowId: 'wf', definition, params: {}, caller: 'test' });
  return { prefix, redis, store, queue, jobs, engine, run, killOne };
}

/** @returns how it ended */
async function putsBack(url: string): Promise<string | undefined> {
  const { prefix, redis, store, jobs, engine, run, killOne } = await createWorld(url);
  const orchestrators = [run(orchestratorMain), run(orchestratorMain)];
  await Promise.all(orchestrators.map((each) => each.saw('orchestrator_ready')));
  await killOne(1);
  await vi.waitFor(async () => expect(await jobs.getJobCounts('waiting', 'active')).toEqual({ waiting: 1, active: 0 }), { timeout: 20_000, interval: 50 });
  expect((await engine.why('wf'))?.waiting).toMatchObject([{ subtaskId: 'hold', reason: 'no_agent' }]);
  await vi.waitFor(() => expect(orchestrators.map((each) => each.output()).join('\n')).toMatch(/"event":"jobs_put_back","capability":"test.hold","jobs":1/), {
    timeout: 10_000,
    interval: 50,
  });

  await redis.set(`${prefix}:gate`, 'open');
  run(agentMain);
  await vi.waitFor(async () => expect((await store.summary('wf'))?.state.status).toBe('completed'), { timeout: 20_000, interval: 50 });
  expect(Object.values(await redis.hgetall(`${prefix}:effects`))).toEqual(['1']);
  const hold = (await store.load('wf'))?.subtasks.get('hold');
  expect(hold).toMatchObject({ generation: 0, execution: { attempt: 1 } });
  return hold?.status;
}

/** @returns the error that it ended with */
async function givesUp(url: string): Promise<string | undefined> {
  const { store, jobs, run, killOne } = await createWorld(url);
  await run(orchestratorMain).saw('orchestrator_ready');
  for (let deaths = 1; deaths <= 3; deaths += 1) await killOne(deaths);
  await vi.waitFor(async () => expect((await store.summary('wf'))?.state).toMatchObject({ status: 'failed' }), { timeout: 20_000, interval: 50 });
  expect(await jobs.getJobCountByTypes('waiting', 'active', 'delayed')).toBe(0);
  const hold = (await store.load('wf'))?.subtasks.get('hold');
  expect(hold).toMatchObject({ execution: { agent: 'janitor' } });
  return hold?.status === 'failed_permanent' ? hold.error.code : undefined;
}

it('puts the job of the last agent back for the first one that comes, and ends one that all agents died of', { timeout: 60_000 }, async () => {
  const fixture = await startRedis();
  onTestFinished(() => fixture.stop());
  // Beside each other, for that agents are gone is seen after some seconds.
  expect(await Promise.all([putsBack(fixture.url), givesUp(fixture.url)])).toEqual(['completed', 'AGENT_LOST']);
});
