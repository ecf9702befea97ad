/**
 * A deploy: under load each process is replaced in turn, the new one ready before the old one gets SIGTERM. Nothing is lost, no handler runs
 * twice, every process exits with 0, and no caller sees more of it than a refused connection.
 */
import type { Workflow } from '@baton/core';
import { connectRedis } from '@baton/queue';
import { createStore } from '@baton/store';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { type Fleet, type Kind, startFleet } from './fleet-under-test.ts';
import { mixedCapabilities, startMixedLoad, tasksPerWorkflow } from './mixed-load-under-test.ts';

/** What any process may take to stop; a subtask that waits for longer has been waiting for one. */
const graceMs = 5_000;
const kinds: readonly Kind[] = ['orchestrator', 'api', 'worker', 'orchestrator', 'api', 'worker', 'worker', 'worker'];
let fleet: Fleet;

beforeAll(async () => {
  fleet = await startFleet(mixedCapabilities, { BATON_GRACE_MS: String(graceMs), BATON_LOG_LEVEL: 'info' });
});
afterAll(() => fleet.stop());

it('loses nothing and holds nothing up while everything is replaced', { timeout: 60_000 }, async () => {
  const redis = await connectRedis(fleet.redis.url, { name: 'rolling-test' });
  const store = createStore({ redis, prefix: fleet.prefix });
  const processes = await Promise.all(kinds.map((kind) => fleet.start(kind)));
  const urlOf = async (child: (typeof processes)[number]) => String((await child.saw('api_ready'))['url']);
  const urls = await Promise.all(processes.filter((_, index) => kinds[index] === 'api').map(urlOf));
  const load = await startMixedLoad(urls, 150);
  await vi.waitFor(() => expect([load.accepted.length > 15, load.troubles]).toEqual([true, []]), { timeout: 10_000 });
  const calm = load.accepted.length;

  const codes: (number | null)[] = [];
  let coming = fleet.start(kinds[0] as Kind);
  for (const [index, old] of processes.entries()) {
    const heir = await coming;
    if (kinds[index] === 'api') load.urls.push(await urlOf(heir));
    // The next one comes up while this one ends, which takes longest of all.
    const next = kinds[index + 1];
    if (next !== undefined) coming = fleet.start(next);
    codes.push(await old.end('SIGTERM'));
  }
  await load.stop();
  expect(codes).toEqual(kinds.map(() => 0));
  expect(load.troubles).toEqual([]);

  const ended = async (id: string): Promise<Workflow | null> => ((await store.summary(id))?.state.status === 'completed' ? await store.load(id) : null);
  await vi.waitFor(async () => expect((await Promise.all(load.accepted.map(ended))).filter((each) => each === null)).toHaveLength(0), {
    timeout: 20_000,
    interval: 100,
  });
  const workflows = (await Promise.all(load.accepted.map(ended))).filter((each) => each !== null);
  const begun = fleet.runs().filter(({ what }) => what === 'began');
  expect(new Set(begun.map(({ key }) => key)).size).toBe(begun.length);
  expect(begun).toHaveLength(load.accepted.length * tasksPerWorkflow);
  const waits = workflows.map((workflow) => Math.max(...waitsOf(workflow)));
  const [before, during] = [Math.max(...waits.slice(0, calm)), Math.max(...waits.slice(calm))];
  console.log(`${workflows.length} workflows; longest from assignment to start: ${before} ms before, ${during} ms while everything was replaced`);
  expect(during).toBeLessThan(graceMs);
  redis.disconnect();
});

/** From the assignment to the start of the attempt, of each subtask that an agent did. */
function waitsOf({ subtasks }: Workflow): readonly number[] {
  return [...subtasks.values()].flatMap((subtask) =>
    subtask.status === 'completed' && subtask.execution !== undefined ? [subtask.execution.startedAt - subtask.assignedAt] : [],
  );
}
