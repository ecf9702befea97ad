/** What Baton is to reach, as data, and what it did reach. Ratios are to raw BullMQ in the same repeat. */
import type { Growth, Memory } from './growth.ts';
import type { Idle } from './idle.ts';
import type { FigureName } from './measurement.ts';
import type { Mixed } from './mixed.ts';
import type { SelfTime } from './profile.ts';
import type { Rival, Row } from './summary.ts';
import type { TelemetryCost } from './telemetry.ts';

export interface Results {
  readonly rows: readonly Row[];
  readonly growth: readonly Growth[];
  readonly memory: Memory;
  readonly idle: readonly Idle[];
  readonly mixed: readonly Mixed[];
  /** null: it was not measured. */
  readonly telemetry: TelemetryCost | null;
  /** Only where profiles were asked for. */
  readonly selfTimes: readonly SelfTime[];
  readonly areTreesOff: boolean;
}

export interface Verdict {
  readonly target: string;
  readonly bound: string;
  /** null: it was not measured in this run. */
  readonly measured: number | null;
  readonly isMet: boolean | null;
}

interface Target {
  readonly target: string;
  readonly at: 'least' | 'most';
  readonly bound: number;
  readonly unit: string;
  readonly measured: (results: Results) => number | null;
}

/** Big workflows are measured with fewer in flight: `inFlightOf`. */
const load = { chain: 200, fanout: 20, diamond: 200 } as const;

function row({ rows }: Results, workload: string, inFlight: number): Row | undefined {
  return rows.find(({ case: each }) => each.system === 'baton' && each.workload === workload && each.inFlight === inFlight);
}

function ratio(workload: string, inFlight: number, name: FigureName, rival: Rival): Target['measured'] {
  return (results) => row(results, workload, inFlight)?.ratios[rival]?.[name].median ?? null;
}

function figure(workload: string, inFlight: number, value: (figures: Row['figures']) => number): Target['measured'] {
  return (results) => {
    const found = row(results, workload, inFlight);
    return found === undefined ? null : value(found.figures);
  };
}

/** How much dearer a size is than any smaller one, at the worst: the smallest bears the start of its workflows, so it alone is no yardstick. */
function growth(of: Growth['of'], cost: 'redisCpuUsPerSubtask' | 'cpuUsPerSubtask'): Target['measured'] {
  return (results) => {
    const sizes = results.growth.filter((each) => each.of === of).toSorted((a, b) => a.size - b.size);
    const costs = sizes.map((each) => each[cost]);
    return costs.length < 2 ? null : Math.max(...costs.slice(1).map((each, index) => each / Math.min(...costs.slice(0, index + 1))));
  };
}

/** Of Baton's own processes the worst, at the worse moment. */
function idle(value: (role: Idle['roles'][string]) => number): Target['measured'] {
  return (results) => {
    const roles = results.idle.flatMap((each) => Object.entries(each.roles)).filter(([role]) => role !== 'redis');
    return roles.length === 0 ? null : Math.max(...roles.map(([, each]) => value(each)));
  };
}

/** The worst of the repeats. */
function mixed(value: (each: Mixed) => number): Target['measured'] {
  return (results) => (results.mixed.length === 0 ? null : orNull(Math.max(...results.mixed.map(value))));
}

/** Of what both orchestrators committed while nobody died or came, in the worse of the two times. */
function conflictPercent({ phases }: Mixed): number {
  return Math.max(...phases.filter(({ when }) => when !== 'takeover').map(({ conflicts, commits }) => (100 * conflicts) / commits));
}

const orNull = (value: number): number | null => (Number.isNaN(value) ? null : value);
const flow = '× raw flow';
const growthBound = 1.2;

function targetsOf({ areTreesOff }: Results): readonly Target[] {
  const trees = areTreesOff ? 'trees off' : 'trees on';
  const perSecond = 'workflowsPerSecond';
  return [
    { target: 'chain, 200 in flight, per second', at: 'least', bound: 1.1, unit: flow, measured: ratio('chain', load.chain, perSecond, 'raw-flow') },
    { target: 'chain, 200 in flight, per second', at: 'least', bound: 2, unit: '× raw step', measured: ratio('chain', load.chain, perSecond, 'raw-step') },
    { target: 'chain, 1,000 in flight, per second', at: 'least', bound: 1.2, unit: flow, measured: ratio('chain', 1_000, perSecond, 'raw-flow') },
    { target: `chain, one at a time, p50, ${trees}`, at: 'most', bound: areTreesOff ? 1 : 0.8, unit: flow, measured: ratio('chain', 1, 'p50Ms', 'raw-flow') },
    {
      target: 'chain, one at a time, p99',
      at: 'most',
      bound: 3,
      unit: '× p50',
      measured: figure('chain', 1, ({ p99Ms, p50Ms }) => p99Ms.median / p50Ms.median),
    },
    { target: 'fan-out, 20 in flight, per second', at: 'least', bound: 0.9, unit: flow, measured: ratio('fanout', load.fanout, perSecond, 'raw-flow') },
    { target: 'diamond, 200 in flight, per second', at: 'least', bound: 0.9, unit: flow, measured: ratio('diamond', load.diamond, perSecond, 'raw-flow') },
    { target: 'fan-out, one at a time, p50', at: 'most', bound: 0.9, unit: flow, measured: ratio('fanout', 1, 'p50Ms', 'raw-flow') },
    { target: 'CPU per chain, 200 in flight', at: 'most', bound: 1, unit: flow, measured: ratio('chain', load.chain, 'cpuMsPerWorkflow', 'raw-flow') },
    {
      target: 'scripts per subtask, chain, 200 in flight',
      at: 'most',
      bound: 3.2,
      unit: '',
      measured: figure('chain', load.chain, (figures) => figures.scriptsPerSubtask.median),
    },
    { target: 'Redis per subtask, more nodes', at: 'most', bound: growthBound, unit: '× any smaller', measured: growth('nodes', 'redisCpuUsPerSubtask') },
    { target: 'CPU per subtask, more nodes', at: 'most', bound: growthBound, unit: '× any smaller', measured: growth('nodes', 'cpuUsPerSubtask') },
    {
      target: 'Redis per subtask, more live workflows',
      at: 'most',
      bound: growthBound,
      unit: '× any smaller',
      measured: growth('live', 'redisCpuUsPerSubtask'),
    },
    { target: 'CPU per subtask, more live workflows', at: 'most', bound: growthBound, unit: '× any smaller', measured: growth('live', 'cpuUsPerSubtask') },
    { target: 'Redis per live workflow', at: 'most', bound: 6, unit: 'KB', measured: ({ memory }) => orNull(memory.bytesPerLive / 1_000) },
    { target: 'Redis per finished workflow', at: 'most', bound: 3, unit: 'KB', measured: ({ memory }) => orNull(memory.bytesPerFinished / 1_000) },
    { target: 'two orchestrators, conflicts outside of a takeover', at: 'most', bound: 1, unit: '% of commits', measured: mixed(conflictPercent) },
    { target: 'two orchestrators, one killed, takeover', at: 'most', bound: 1, unit: '× lease', measured: mixed((each) => each.takeoverMs / each.leaseMs) },
    { target: 'idle, of a core, the busiest process', at: 'most', bound: 1, unit: '%', measured: idle(({ coreShare }) => 100 * coreShare) },
    { target: 'idle, memory, the biggest process', at: 'most', bound: 100, unit: 'MB', measured: idle(({ rssBytes }) => rssBytes / 1_000_000) },
    { target: 'telemetry on, time of a batch', at: 'most', bound: 1.05, unit: '× off', measured: ({ telemetry }) => telemetry?.ms.median ?? null },
    { target: 'telemetry on, CPU per chain', at: 'most', bound: 1.05, unit: '× off', measured: ({ telemetry }) => telemetry?.cpu.median ?? null },
  ];
}

export function verdictsOf(results: Results): readonly Verdict[] {
  return targetsOf(results).map(({ target, at, bound, unit, measured }) => {
    const value = measured(results);
    const isMet = value === null ? null : at === 'least' ? value >= bound : value <= bound;
    return { target, bound: `${at === 'least' ? '≥' : '≤'} ${bound} ${unit}`.trim(), measured: value, isMet };
  });
}
