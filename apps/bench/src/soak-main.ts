/** `./dev soak`: runs it, judges it, and writes the samples and a picture to .baton/bench. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { exitCodes } from '@baton/protocol';
import { currentCommit, describeMachine } from './machine.ts';
import { root } from './process.ts';
import { runSoak, type SoakRun } from './soak.ts';
import { soakChart } from './soak-chart.ts';
import { parseSoakOptions, type SoakOptions, soakUsage } from './soak-options.ts';
import { type SoakVerdict, soakVerdicts } from './soak-verdict.ts';
import { short, table } from './table.ts';

const folder = join(root, '.baton/bench');

/** @returns whether everything that was judged is as it must be */
async function soak(options: SoakOptions, signal: AbortSignal): Promise<boolean> {
  const say = (line: string): void => void process.stderr.write(`soak: ${line}\n`);
  const [date, commit, machine] = [new Date().toISOString(), currentCommit(), await describeMachine()];
  const run = await runSoak(options, signal, say);
  const verdicts = soakVerdicts(run);
  const seconds = run.samples.at(-1)?.atS ?? 0;
  const subject = `${commit.commit}${commit.isDirty ? ' with changes' : ''}, ${date.slice(0, 10)}, ${machine.cpu}, ${machine.cores} cores, Node ${machine.node}, Redis ${machine.redis}`;
  const title = `${run.workflows.toLocaleString('en')} workflows of five steps, kept for ${run.retentionMs / 1_000} s`;
  process.stdout.write(`\n${report(run, verdicts, seconds)}\n\n${subject}\n`);
  const written = write(
    `soak-${date.slice(0, 19).replaceAll(':', '')}-${commit.commit}`,
    options,
    JSON.stringify({ ...commit, date, machine, options, verdicts, ...run }, null, 1),
    soakChart(run, title, subject),
  );
  process.stdout.write(`${written.map((path) => relative(process.cwd(), path)).join('\n')}\n`);
  return verdicts.every(({ isMet }) => isMet);
}

function report({ workflows, checked, left }: SoakRun, verdicts: readonly SoakVerdict[], seconds: number): string {
  const judged = verdicts.map(({ what, value, most, unit, isMet }) => [what, `${short(value)} ${unit}`, `${most} ${unit}`, isMet ? 'met' : 'missed']);
  const flat = verdicts.some(({ unit }) => unit === '%')
    ? []
    : ['Too short to judge whether anything grows: that needs half a minute after the warm-up of one and a half retentions, or a minute.'];
  return [
    `${workflows} workflows, ${checked} results checked, ${short(workflows / seconds)} a second`,
    table([['judged', 'value', 'most', ''], ...judged]),
    ...flat,
    table([['left in Redis', 'keys', 'kB'], ...left.map(({ kind, keys, bytes }) => [kind, String(keys), (bytes / 1_000).toFixed(0)])]),
  ].join('\n\n');
}

function write(name: string, { json: jsonPath, svg: svgPath }: SoakOptions, json: string, svg: string): readonly string[] {
  mkdirSync(folder, { recursive: true });
  const files = [
    [join(folder, `${name}.json`), json],
    [join(folder, `${name}.svg`), svg],
    ...(jsonPath === undefined ? [] : [[jsonPath, json]]),
    ...(svgPath === undefined ? [] : [[svgPath, svg]]),
  ] as const;
  for (const [path = '', content = ''] of files) writeFileSync(path, content);
  return files.map(([path = '']) => path);
}

async function main(args: readonly string[]): Promise<number> {
  const interrupt = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interrupt.abort());
  try {
    const options = parseSoakOptions(args);
    if (!options.help) return (await soak(options, interrupt.signal)) ? exitCodes.ok : exitCodes.failed;
    process.stdout.write(`${soakUsage}\n`);
    return exitCodes.ok;
  } catch (error) {
    if (interrupt.signal.aborted) return exitCodes.failed;
    const { exitCode, code, message, stack } = error as Error & { readonly exitCode?: number; readonly code?: string };
    process.stderr.write(`soak: ${exitCode !== undefined || code === 'PROCESS_ENDED' ? message : stack}\n`);
    return exitCode ?? exitCodes.failed;
  }
}

process.exitCode = await main(process.argv.slice(2));
