/** Random workflows over all kinds of nodes in a world that breaks whatever it can: no invariant breaks, and everything ends. */
import { expect, test } from 'vitest';
import { simulate } from './simulation.ts';

const env = process.env;
const one = env['SIM_SEED'];
const runs = one === undefined ? Number(env['SIM_RUNS'] ?? 300) : 1;
const from = Number(one ?? env['SIM_FROM'] ?? 1);

test(`${runs} simulated worlds from seed ${from} on come to rest with every invariant held`, { timeout: 20_000 + runs * 100 }, async () => {
  const statuses = new Set<string>();
  for (let seed = from; seed < from + runs; seed += 1) for (const status of Object.keys((await simulate(seed)).statuses)) statuses.add(status);
  if (runs >= 300) expect([...statuses].toSorted()).toEqual(['cancelled', 'completed', 'failed', 'timed_out']);
});
