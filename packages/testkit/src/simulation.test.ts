/**
 * Random workflows over all kinds of nodes in a world that breaks whatever it can: no invariant breaks, and everything ends. More of it, or one again:
 * `SIM_RUNS=10000 pnpm exec vitest run packages/testkit/src/simulation.test.ts`, with `SIM_FROM=1` as the first seed, or `SIM_SEED=123`.
 */
import { expect, test } from 'vitest';
import { simulate } from './simulation.ts';

const { SIM_RUNS: all = '300', SIM_FROM: first = '1', SIM_SEED: only } = process.env;
const from = Number(only ?? first);
const runs = only === undefined ? Number(all) : 1;

test(`${runs} simulated worlds from seed ${from} on come to rest with every invariant held`, { timeout: 60_000 + runs * 100 }, async () => {
  const statuses = new Set<string>();
  let inTrees = 0;
  for (let seed = from; seed < from + runs; seed += 1) {
    const outcome = await simulate(seed);
    for (const status of Object.keys(outcome.statuses)) statuses.add(status);
    inTrees += outcome.inTrees;
  }
  expect(statuses.size).toBeGreaterThanOrEqual(runs < 100 ? 1 : 4);
  expect(inTrees).toBeGreaterThanOrEqual(runs < 100 ? 0 : runs / 4);
});

test('a seed replays', async () => {
  for (let seed = 1; seed <= 5; seed += 1) expect(await simulate(seed)).toEqual(await simulate(seed));
  expect((await simulate(1)).digest).not.toBe((await simulate(2)).digest);
});
