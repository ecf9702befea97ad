/** `./dev bench`: measures, prints the tables, and writes JSON and a picture to .baton/bench. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { exitCodes } from '@baton/protocol';
import { chart } from './chart.ts';
import { runLive, runNodes } from './growth.ts';
import { type LoadOptions, runLoad } from './load.ts';
import { type Commit, currentCommit, describeMachine, type Machine } from './machine.ts';
import { runMixed } from './mixed.ts';
import { type Options, parseOptions, usage } from './options.ts';
import { casesOf } from './plan.ts';
import { root } from './process.ts';
import { selfTimesIn } from './profile.ts';
import { summarize } from './summary.ts';
import { reportText } from './table.ts';
import { type Results, verdictsOf } from './target.ts';
import { runTelemetry } from './telemetry.ts';
import { mixedName } from './workload.ts';

/** Of the mixed load, where nothing else is asked for. */
const chainsInFlight = 200;
const folder = join(root, '.baton/bench');

interface Report extends Commit {
  readonly date: string;
  readonly machine: Machine;
  readonly seconds: number;
  readonly options: Options;
}

async function bench(options: Options, signal: AbortSignal): Promise<void> {
  const settings = Object.fromEntries(options.set.map((each) => [each.slice(0, each.indexOf('=')), each.slice(each.indexOf('=') + 1)]));
  const say = (line: string): void => void process.stderr.write(`bench: ${line}\n`);
  const [date, commit] = [new Date().toISOString(), currentCommit()];
  const name = `${date.slice(0, 19).replaceAll(':', '')}-${commit.commit}`;
  const profiles = options.profile ? join(folder, 'profiles', name) : null;
  if (profiles !== null) mkdirSync(profiles, { recursive: true });
  const load: LoadOptions = { ...options, settings, profiles, signal, say };
  const machine = await describeMachine();
  say(`${machine.cpu}, ${machine.cores} cores, Node ${machine.node}, Redis ${machine.redis}; load ${machine.loadBefore.toFixed(1)}`);

  const measurements = await runLoad(casesOf(options), load);
  const nodes = options.nodes.length > 0 ? await runNodes(options.nodes, options.idle * 1_000, load) : { growth: [], idle: [] };
  const live = options.live.length > 0 ? await runLive(options.live, load) : { growth: [], memory: { bytesPerLive: Number.NaN, bytesPerFinished: Number.NaN } };
  const mixed = isMixed(options) ? await runMixed({ ...load, chains: options['in-flight'][0] ?? chainsInFlight }) : [];
  const telemetry = options.telemetry > 0 ? await runTelemetry(options.telemetry, load) : null;

  const results: Results = {
    rows: summarize(measurements),
    growth: [...nodes.growth, ...live.growth],
    memory: live.memory,
    idle: nodes.idle,
    mixed,
    telemetry,
    selfTimes: profiles === null ? [] : selfTimesIn(profiles),
    areTreesOff: settings['BATON_TREES'] === 'off',
  };
  const verdicts = verdictsOf(results);
  const report: Report = { ...commit, date, machine, seconds: Math.round(performance.now() / 1_000), options };
  process.stdout.write(`\n${reportText(results, verdicts)}\n\n${subject(report)}\n`);
  const written = write(
    name,
    options,
    JSON.stringify({ ...report, ...results, verdicts, measurements }, null, 1),
    chart(results.rows, 'Baton beside raw BullMQ', subject(report)),
  );
  process.stdout.write(`${written.map((path) => relative(process.cwd(), path)).join('\n')}\n`);
}

function isMixed({ workloads, systems }: Options): boolean {
  return workloads.includes(mixedName) && systems.includes('baton');
}

function subject({ commit, isDirty, date, machine, seconds }: Report): string {
  const { cpu, cores, node, redis } = machine;
  return `${commit}${isDirty ? ' with changes' : ''}, ${date.slice(0, 10)}, ${cpu}, ${cores} cores, Node ${node}, Redis ${redis}, ${seconds} s`;
}

function write(name: string, options: Options, json: string, svg: string): readonly string[] {
  mkdirSync(folder, { recursive: true });
  const files: readonly (readonly [string, string])[] = [
    [join(folder, `${name}.json`), json],
    [join(folder, `${name}.svg`), svg],
    ...(options.json === undefined ? [] : [[options.json, json] as const]),
  ];
  for (const [path, content] of files) writeFileSync(path, content);
  return files.map(([path]) => path);
}

async function main(args: readonly string[]): Promise<number> {
  const interrupt = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interrupt.abort());
  try {
    const options = parseOptions(args);
    if (options.help) process.stdout.write(`${usage}\n`);
    else await bench(options, interrupt.signal);
    return exitCodes.ok;
  } catch (error) {
    if (interrupt.signal.aborted) return exitCodes.failed;
    const { exitCode, code, message, stack } = error as {
      readonly exitCode?: number;
      readonly code?: string;
      readonly message: string;
      readonly stack?: string;
    };
    process.stderr.write(`bench: ${exitCode !== undefined || code === 'PROCESS_ENDED' ? message : stack}\n`);
    return exitCode ?? exitCodes.failed;
  }
}

process.exitCode = await main(process.argv.slice(2));
