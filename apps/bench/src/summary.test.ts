import { expect, test } from 'vitest';
import { chart } from './chart.ts';
import type { Repeated } from './load.ts';
import type { Case, Figures } from './measurement.ts';
import type { Mixed, Phase } from './mixed.ts';
import { summarize } from './summary.ts';
import { reportText, table } from './table.ts';
import { type Results, verdictsOf } from './target.ts';

const figures: Figures = {
  workflowsPerSecond: 1,
  p50Ms: 1,
  p99Ms: 1,
  cpuMsPerWorkflow: 1,
  cpuUsPerSubtask: 1,
  redisCpuUsPerSubtask: 1,
  scriptUsPerSubtask: 1,
  scriptsPerSubtask: 1,
  commandsPerSubtask: 1,
  rssBytes: 1,
  redisBytes: 1,
};

function repeated(repeat: number, system: Case['system'], workflowsPerSecond: number, rest: Partial<Case> = {}): Repeated {
  return {
    repeat,
    measurement: {
      case: { system, start: 'queue', workload: 'chain', inFlight: 200, ...rest },
      subtasks: 5,
      completed: 1,
      checked: 1,
      windowMs: 1,
      figures: { ...figures, workflowsPerSecond },
      byRole: {},
      commands: { evalsha: { callsPerSubtask: 3, usPerSubtask: 30 } },
    },
  };
}

// The machine is half as fast in the second repeat; that is in no ratio.
const measurements = [
  repeated(1, 'baton', 1_200),
  repeated(1, 'raw-flow', 1_000),
  repeated(2, 'baton', 600),
  repeated(2, 'raw-flow', 500),
  repeated(2, 'raw-flow', 7, { inFlight: 1 }),
  repeated(1, 'baton', 900, { start: 'http' }),
];
const results: Results = {
  rows: summarize(measurements),
  growth: [],
  memory: { bytesPerLive: Number.NaN, bytesPerFinished: 2_500 },
  idle: [],
  mixed: [],
  telemetry: null,
  selfTimes: [],
  areTreesOff: false,
};

test('a ratio is to what was measured in the same repeat, of the same load', () => {
  const [baton, flow, single, http] = results.rows;
  expect(baton?.figures.workflowsPerSecond).toEqual({ median: 900, min: 600, max: 1_200 });
  expect(baton?.ratios['raw-flow']?.workflowsPerSecond).toEqual({ median: 1.2, min: 1.2, max: 1.2 });
  expect(baton?.ratios['raw-step']).toBeUndefined();
  expect(http?.ratios['raw-flow']?.workflowsPerSecond.median).toBe(0.9);
  expect([flow?.ratios, single?.ratios]).toEqual([{}, {}]);
});

test('a target is met, missed, or was not measured', () => {
  const verdicts = verdictsOf({
    ...results,
    growth: [
      { of: 'nodes', size: 1_000, redisCpuUsPerSubtask: 130, cpuUsPerSubtask: 80, measurements: [] },
      { of: 'nodes', size: 10, redisCpuUsPerSubtask: 200, cpuUsPerSubtask: 100, measurements: [] },
      { of: 'nodes', size: 100, redisCpuUsPerSubtask: 100, cpuUsPerSubtask: 80, measurements: [] },
    ],
    idle: [{ when: 'after load', roles: { redis: { coreShare: 0.5, rssBytes: 1e9 }, worker: { coreShare: 0.002, rssBytes: 9e7 } } }],
  });
  const of = (target: string): unknown => verdicts.filter((each) => each.target.startsWith(target)).map(({ measured, isMet }) => [measured, isMet]);
  expect(of('chain, 200 in flight')).toEqual([
    [1.2, true],
    [null, null],
  ]);
  expect(of('Redis per finished workflow')).toEqual([[2.5, true]]);
  expect(of('Redis per live workflow')).toEqual([[null, null]]);
  expect(of('Redis per subtask, more nodes')).toEqual([[1.3, false]]);
  expect(of('CPU per subtask, more nodes')).toEqual([[1, true]]);
  expect(of('idle, of a core')).toEqual([[0.2, true]]);
  expect(of('idle, memory')).toEqual([[90, true]]);
});

const phase = (when: Phase['when'], conflicts: number): Phase => ({ when, ms: 500, commits: 200, conflicts, reloads: 20 });
const mixed: Mixed = {
  inFlight: { chain: 200, map1000: 2 },
  leaseMs: 5_000,
  takeoverMs: 6_000,
  sharedMs: 900,
  phases: [phase('before', 1), phase('takeover', 50), phase('after', 0)],
  load: { chain: { checked: 70, longestMs: 37_000 }, map1000: { checked: 3, longestMs: 2_000 } },
};

test('conflicts count outside of the takeover, in its worse half and the worst repeat; so does the takeover', () => {
  const calm = { ...mixed, takeoverMs: 4_000, phases: [phase('before', 0), phase('takeover', 50), phase('after', 0)] };
  const of = (all: readonly Mixed[]): unknown =>
    verdictsOf({ ...results, mixed: all })
      .filter(({ target }) => target.startsWith('two orchestrators'))
      .map(({ measured, isMet }) => [measured, isMet]);
  expect(of([calm])).toEqual([
    [0, true],
    [0.8, true],
  ]);
  expect(of([mixed, calm])).toEqual([
    [0.5, true],
    [1.2, false],
  ]);
  expect(of([])).toEqual([
    [null, null],
    [null, null],
  ]);
});

const spread = (median: number) => ({ median, min: median, max: median });
const batch = { ms: 900, cpuMsPerChain: 3 };
const telemetry = { chains: 500, pairs: [{ on: { ...batch, ms: 990 }, off: batch }], ms: spread(1.1), cpu: spread(1) };

test('telemetry may cost a twentieth', () => {
  const verdicts = verdictsOf({ ...results, telemetry }).filter(({ target }) => target.startsWith('telemetry'));
  expect(verdicts.map(({ measured, isMet }) => [measured, isMet])).toEqual([
    [1.1, false],
    [1, true],
  ]);
});

test('the report shows what else was measured, where it was; commands and CPU time with a profile only', () => {
  const report = reportText({ ...results, mixed: [mixed], telemetry, selfTimes: [{ process: 'baton worker', busyMs: 200, ms: { ioredis: 100 } }] }, []);
  expect(report).toMatch(/^takeover, 1 +400 +25.0 % +0.100 +200 +50 +20$/m);
  expect(report).toContain('Taken over in 6.00 s of a lease of 5.00 s');
  expect(report).toContain('70 × chain (200 in flight, longest 37.0 s)');
  expect(report).toMatch(/^logs and metrics on +990 +3.00$/m);
  expect(report).toMatch(/^baton worker +ioredis +100 +50.0 %$/m);
  expect(report).toMatch(/^chain +200 +baton, queue +evalsha +3.00 +30.0$/m);
  expect(reportText(results, [])).not.toMatch(/evalsha|two orchestrators|ioredis|logs and metrics/);
});

test('without trees another bound holds', () => {
  const bound = (areTreesOff: boolean): string | undefined => verdictsOf({ ...results, areTreesOff }).find(({ target }) => target.includes('trees'))?.bound;
  expect([bound(false), bound(true)]).toEqual(['≤ 0.8 × raw flow', '≤ 1 × raw flow']);
});

test('columns are aligned, numbers on the right', () => {
  expect(
    table([
      ['a', 'b'],
      ['long', '1'],
      ['x', '100'],
    ]),
  ).toBe('a       b\nlong    1\nx     100');
});

test('the report shows every row, the picture what can be compared', () => {
  const report = reportText(results, verdictsOf(results));
  expect(report).toMatch(/chain +200 +baton, queue +900 \(600–1200\)/);
  expect(report).toMatch(/chain +200 +baton, http +900/);
  const svg = chart(results.rows, 'a < b', 'note');
  expect(svg.match(/<rect x/g)).toHaveLength(results.rows.length - 1);
  expect(svg).not.toContain('one at a time');
  expect(svg).toContain('a &lt; b');
});
