/** The report on a terminal: aligned tables, numbers on the right. */
import type { Growth } from './growth.ts';
import type { Idle } from './idle.ts';
import type { Mixed } from './mixed.ts';
import type { SelfTime } from './profile.ts';
import { type Spread, spread } from './statistics.ts';
import type { Row } from './summary.ts';
import type { Results, Verdict } from './target.ts';
import type { TelemetryCost } from './telemetry.ts';

/** The first row is the head; the first column stands on the left. */
export function table(rows: readonly (readonly string[])[], leftColumns = 1): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => (column < leftColumns ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  ')
      .trimEnd();
  return rows.map(line).join('\n');
}

/** Three digits that count. */
export function short(value: number): string {
  if (!Number.isFinite(value)) return '-';
  const digits = value === 0 ? 0 : Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))));
  return value.toFixed(Math.min(3, digits));
}

function range({ median, min, max }: Spread): string {
  return min === max ? short(median) : `${short(median)} (${short(min)}–${short(max)})`;
}

function times(ratio: Spread | undefined): string {
  return ratio === undefined ? '' : range(ratio);
}

function loadTable(rows: readonly Row[]): string {
  const head = [
    'workload',
    'in flight',
    'system',
    'per s',
    'p50 ms',
    'p99 ms',
    'CPU ms',
    'scripts',
    'commands',
    'Redis µs',
    'MB',
    '/s ÷ flow',
    'p50 ÷ flow',
    'CPU ÷ flow',
    '/s ÷ step',
  ];
  const lines = rows.map(({ case: each, figures, ratios }) => [
    each.workload,
    String(each.inFlight),
    each.system === 'baton' ? `baton, ${each.start}` : each.system,
    range(figures.workflowsPerSecond),
    range(figures.p50Ms),
    range(figures.p99Ms),
    range(figures.cpuMsPerWorkflow),
    short(figures.scriptsPerSubtask.median),
    short(figures.commandsPerSubtask.median),
    short(figures.redisCpuUsPerSubtask.median),
    short(figures.rssBytes.median / 1_000_000),
    times(ratios['raw-flow']?.workflowsPerSecond),
    times(ratios['raw-flow']?.p50Ms),
    times(ratios['raw-flow']?.cpuMsPerWorkflow),
    times(ratios['raw-step']?.workflowsPerSecond),
  ]);
  return `${table([head, ...lines], 3)}\n\nCPU ms: all processes, per workflow. Scripts, commands (those inside scripts too), Redis µs: per subtask. MB: resident, all processes.`;
}

function growthTable(growth: readonly Growth[]): string {
  const lines = growth.map(({ of, size, redisCpuUsPerSubtask, cpuUsPerSubtask }) => [
    of === 'nodes' ? `graph of ${size} nodes` : `beside ${size} live workflows`,
    short(redisCpuUsPerSubtask),
    short(cpuUsPerSubtask),
  ]);
  return table([['per subtask', 'Redis µs', 'all CPU µs'], ...lines]);
}

function idleTable(idle: readonly Idle[]): string {
  const lines = idle.flatMap(({ when, roles }) =>
    Object.entries(roles).map(([role, { coreShare, rssBytes }]) => [`${role}, ${when}`, `${(100 * coreShare).toFixed(2)} %`, short(rssBytes / 1_000_000)]),
  );
  return table([['idle', 'of a core', 'MB'], ...lines]);
}

function mixedTable(mixed: readonly Mixed[]): string {
  const lines = mixed.flatMap(({ phases }, repeat) =>
    phases.map(({ when, ms, commits, conflicts, reloads }) => [
      `${when}, ${repeat + 1}`,
      short((1_000 * commits) / ms),
      `${short((100 * conflicts) / commits)} %`,
      short(reloads / commits),
      String(commits),
      String(conflicts),
      String(reloads),
    ]),
  );
  const seconds = (ms: number): string => `${short(ms / 1_000)} s`;
  const words = mixed.map(({ inFlight, leaseMs, takeoverMs, sharedMs, load }) => {
    const parts = Object.entries(load).map(
      ([name, { checked, longestMs }]) => `${checked} × ${name} (${inFlight[name]} in flight, longest ${seconds(longestMs)})`,
    );
    return `Taken over in ${seconds(takeoverMs)} of a lease of ${seconds(leaseMs)}, shared again in ${seconds(sharedMs)}; results checked: ${parts.join(', ')}.`;
  });
  return [
    table([['two orchestrators, one killed', 'commits/s', 'conflicts/commit', 'reloads/commit', 'commits', 'conflicts', 'reloads'], ...lines]),
    ...words,
  ].join('\n');
}

function telemetryTable({ chains, pairs, ms, cpu }: TelemetryCost): string {
  const line = (side: 'on' | 'off'): readonly string[] => [
    `logs and metrics ${side}`,
    range(spread(pairs.map((pair) => pair[side].ms))),
    range(spread(pairs.map((pair) => pair[side].cpuMsPerChain))),
  ];
  return table([[`${chains} chains`, 'ms', 'CPU ms per chain'], line('on'), line('off'), ['on ÷ off', range(ms), range(cpu)]]);
}

/** What is less than this share of the whole is left out. */
const shareMin = 0.005;

function commandTable(rows: readonly Row[]): string {
  const lines = rows.flatMap(({ case: each, commands }) => {
    const costs = Object.entries(commands).toSorted(([, a], [, b]) => b.usPerSubtask - a.usPerSubtask);
    const all = costs.reduce((sum, [, { usPerSubtask }]) => sum + usPerSubtask, 0);
    const head = [each.workload, String(each.inFlight), each.system === 'baton' ? `baton, ${each.start}` : each.system];
    const shown = costs.filter(([, { usPerSubtask }]) => usPerSubtask >= shareMin * all);
    return shown.map(([name, { callsPerSubtask, usPerSubtask }]) => [...head, name, short(callsPerSubtask), short(usPerSubtask)]);
  });
  return `${table([['workload', 'in flight', 'system', 'command', 'calls', 'µs'], ...lines], 4)}\n\nPer subtask. A script's time holds that of its commands.`;
}

function selfTimeTable(selfTimes: readonly SelfTime[]): string {
  const lines = selfTimes.flatMap(({ process, busyMs, ms }) =>
    Object.entries(ms)
      .filter(([, each]) => each >= shareMin * busyMs)
      .map(([name, each]) => [process, name, each.toFixed(0), `${((100 * each) / busyMs).toFixed(1)} %`]),
  );
  return table([['process', 'where', 'ms', 'of its CPU'], ...lines], 2);
}

function verdictTable(verdicts: readonly Verdict[]): string {
  const words = (isMet: boolean | null): string => (isMet === null ? '' : isMet ? 'met' : 'missed');
  const lines = verdicts.map(({ target, bound, measured, isMet }) => [target, bound, measured === null ? 'not measured' : short(measured), words(isMet)]);
  return table([['target', '', 'measured', ''], ...lines], 2);
}

export function reportText({ rows, growth, idle, mixed, telemetry, selfTimes }: Results, verdicts: readonly Verdict[]): string {
  const isProfiled = selfTimes.length > 0;
  const parts = [
    rows.length > 0 && loadTable(rows),
    isProfiled && commandTable(rows),
    isProfiled && selfTimeTable(selfTimes),
    growth.length > 0 && growthTable(growth),
    idle.length > 0 && idleTable(idle),
    mixed.length > 0 && mixedTable(mixed),
    telemetry !== null && telemetryTable(telemetry),
    verdictTable(verdicts),
  ];
  return parts.filter((part) => part !== false).join('\n\n');
}
