/** That the benchmark runs, with all systems and all workloads, and checks what it gets. No figure is asserted: machines differ. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { Measurement } from './measurement.ts';
import { workloadNames } from './workload.ts';

const Report = z.object({
  commit: z.string(),
  date: z.iso.datetime(),
  machine: z.object({ cpu: z.string(), cores: z.int(), node: z.string(), redis: z.string() }),
  measurements: z.array(z.object({ repeat: z.int(), measurement: Measurement })),
  growth: z.array(z.object({ of: z.string(), size: z.int(), measurements: z.array(Measurement) })),
  idle: z.array(z.object({ roles: z.record(z.string(), z.unknown()) })),
  mixed: z.array(
    z.object({
      takeoverMs: z.number(),
      sharedMs: z.number(),
      phases: z.array(z.object({ when: z.string(), commits: z.int(), conflicts: z.int(), reloads: z.int() })),
      load: z.record(z.string(), z.object({ checked: z.int(), longestMs: z.number() })),
    }),
  ),
  telemetry: z.object({ chains: z.int(), pairs: z.array(z.object({ on: z.object({ ms: z.number() }), off: z.object({ ms: z.number() }) })) }).nullable(),
  selfTimes: z.array(z.object({ process: z.string(), busyMs: z.number(), ms: z.record(z.string(), z.number()) })),
  verdicts: z.array(z.unknown()),
});

const SoakReport = z.object({
  checked: z.int(),
  samples: z.array(z.object({ ended: z.int(), redisBytes: z.number(), rssBytes: z.record(z.string(), z.number()) })).min(2),
  draining: z.array(z.unknown()).min(2),
  left: z.array(z.object({ kind: z.string(), keys: z.int(), bytes: z.int() })),
  verdicts: z.array(z.object({ what: z.string(), isMet: z.boolean() })),
});

const short = ['--quick', '--seconds', '0.05', '--warm-up', '0.05', '--idle', '0.1', '--in-flight', '2,1', '--set', 'BATON_LEASE_MS=600'];
const noGrowth = ['--nodes', '', '--live', ''];
const noTelemetry = ['--telemetry', '0'];

interface Ran {
  readonly code: unknown;
  readonly stdout: string;
  readonly stderr: string;
}

const bench = (args: readonly string[]): Promise<Ran> => run('main.ts', args);

async function run(main: string, args: readonly string[]): Promise<Ran> {
  const child = spawn(process.execPath, [join(import.meta.dirname, main), ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  onTestFinished(() => void child.kill('SIGTERM'));
  const [out, err]: [string[], string[]] = [[], []];
  child.stdout.on('data', (chunk) => out.push(String(chunk)));
  child.stderr.on('data', (chunk) => err.push(String(chunk)));
  const [code] = (await once(child, 'close')) as [unknown];
  return { code, stdout: out.join(''), stderr: err.join('') };
}

test('a tiny quick run measures every system and every workload, and checks every result', { timeout: 180_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'baton-bench-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'bench.json');
  const growth = ['--nodes', '10,20', '--live', '5,10'];
  const { code, stdout, stderr } = await bench([...short, ...growth, ...noTelemetry, '--workloads', workloadNames.join(','), '--json', file]);
  expect(code, stderr).toBe(0);

  const report = Report.parse(JSON.parse(readFileSync(file, 'utf8')));
  const measured = report.measurements.map(({ measurement }) => measurement);
  const systems = Map.groupBy(measured, ({ case: each }) => each.workload);
  expect([...systems.keys()]).toEqual(workloadNames);
  const names = (workload: string): ReadonlySet<string> => new Set(systems.get(workload)?.map(({ case: { system, start } }) => `${system} ${start}`));
  expect(names('chain')).toEqual(new Set(['baton queue', 'raw-flow queue', 'raw-step queue']));
  for (const workload of ['fanout', 'diamond']) expect(names(workload)).toEqual(new Set(['baton queue', 'raw-flow queue']));
  const all = [...measured, ...report.growth.flatMap(({ measurements }) => measurements)];
  for (const { completed, checked } of all) {
    expect(completed).toBeGreaterThan(0);
    expect(checked).toBeGreaterThan(completed);
  }
  expect(report.growth.map(({ of, size }) => `${of} ${size}`)).toEqual(['nodes 10', 'nodes 20', 'live 5', 'live 10']);
  expect(Object.keys(report.idle[0]?.roles ?? {}).toSorted()).toEqual(['api', 'orchestrator', 'redis', 'worker']);
  expect(report.verdicts.length).toBeGreaterThan(0);
  for (const { commands } of measured) expect(commands['evalsha']?.usPerSubtask).toBeGreaterThan(0);
  expect([report.mixed, report.telemetry, report.selfTimes]).toEqual([[], null, []]);

  const picture = /^\S+\.svg$/m.exec(stdout)?.[0] ?? expect.fail(stdout);
  expect(readFileSync(picture, 'utf8')).toContain('</svg>');
});

test('an orchestrator is killed and all workflows end; telemetry is measured on and off', { timeout: 120_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'baton-bench-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'bench.json');
  const { code, stdout, stderr } = await bench([...short, ...noGrowth, '--workloads', 'mixed', '--telemetry', '20', '--json', file]);
  expect(code, stderr).toBe(0);
  const { measurements, mixed, telemetry } = Report.parse(JSON.parse(readFileSync(file, 'utf8')));
  expect(measurements).toEqual([]);
  expect(mixed.map(({ phases }) => phases.map(({ when }) => when))).toEqual([['before', 'takeover', 'after']]);
  const [only = expect.fail('one repeat, so one takeover')] = mixed;
  for (const name of ['chain', 'map1000']) expect(only.load[name]?.checked).toBeGreaterThan(0);
  expect(only.phases.reduce((sum, { commits }) => sum + commits, 0)).toBeGreaterThan(0);
  expect(only.takeoverMs).toBeGreaterThan(0);
  expect([telemetry?.chains, telemetry?.pairs.length]).toEqual([20, 2]);
  expect(stdout).toMatch(/^two orchestrators, one killed, takeover .* × lease +[\d.]+ +(met|missed)$/m);
  expect(stdout).toMatch(/^telemetry on, CPU per chain .* × off +[\d.]+ +(met|missed)$/m);
});

test('starts by HTTP are measured too, and where the time goes is told', { timeout: 120_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'baton-bench-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'bench.json');
  const only = ['--systems', 'baton,raw-flow', '--workloads', 'chain', '--start', 'http', ...noGrowth, ...noTelemetry, '--profile'];
  const { code, stdout, stderr } = await bench([...short, ...only, '--json', file]);
  expect(code, stderr).toBe(0);
  const { measurements, selfTimes } = Report.parse(JSON.parse(readFileSync(file, 'utf8')));
  const starts = measurements.map(({ measurement: { case: each } }) => `${each.system} ${each.start} ${each.inFlight}`);
  expect(starts).toEqual(['baton http 2', 'raw-flow queue 2', 'baton http 1', 'raw-flow queue 1']);
  expect(selfTimes.map(({ process }) => process).toSorted()).toEqual(['baton api', 'baton orchestrator', 'baton worker', 'raw-flow worker']);
  for (const { ms } of selfTimes) expect(ms['ioredis']).toBeGreaterThan(0);
  expect(stdout).toMatch(/^baton orchestrator +packages\/core /m);
  expect(stdout).toMatch(/^chain +2 +raw-flow +evalsha /m);
});

test('a small soak checks every result and leaves nothing behind', { timeout: 120_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'baton-bench-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const [json, svg] = [join(folder, 'soak.json'), join(folder, 'soak.svg')];
  const small = ['--workflows', '300', '--retention', '1s', '--in-flight', '50', '--every', '100ms'];
  const { code, stdout, stderr } = await run('soak-main.ts', [...small, '--json', json, '--svg', svg]);
  expect(code, stdout + stderr).toBe(0);
  const report = SoakReport.parse(JSON.parse(readFileSync(json, 'utf8')));
  expect(report.checked).toBe(300);
  expect(report.verdicts.map(({ isMet }) => isMet)).toEqual([true, true, true]);
  expect(Object.keys(report.samples[0]?.rssBytes ?? {}).toSorted()).toEqual(['api', 'orchestrator', 'producer', 'redis', 'worker']);
  expect(report.left.map(({ kind }) => kind)).not.toContain('workflow');
  expect(readFileSync(svg, 'utf8')).toContain('</svg>');
});
