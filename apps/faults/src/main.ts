/** `./dev test:faults`: one run, and its report. */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { exitCodes } from '@baton/protocol';
import { type Options, OptionsError, parseOptions, usage } from './options.ts';
import { reportText } from './report.ts';
import { runFaults } from './run.ts';

async function run({ seed, minutes, rate, calm, json }: Options, signal: AbortSignal): Promise<number> {
  const dir = join(import.meta.dirname, '../../../.baton/faults', `${new Date().toISOString().slice(0, 19).replaceAll(':', '')}-${seed}`);
  mkdirSync(dir, { recursive: true });
  const say = (line: string): void => void process.stderr.write(`faults: ${line}\n`);
  const report = await runFaults({ seed, minutes, rate, calm, dir, say, signal });
  if (report === null) return exitCodes.failed;
  process.stdout.write(`${json ? JSON.stringify(report, null, 1) : reportText(report)}\n`);
  if (report.findings.count > 0) return exitCodes.failed;
  rmSync(dir, { recursive: true, force: true });
  return exitCodes.ok;
}

async function main(args: readonly string[]): Promise<number> {
  const interrupt = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interrupt.abort());
  try {
    const options = parseOptions(args);
    if (!options.help) return await run(options, interrupt.signal);
    process.stdout.write(`${usage}\n`);
    return exitCodes.ok;
  } catch (error) {
    process.stderr.write(`faults: ${error instanceof OptionsError ? error.message : ((error as Error).stack ?? String(error))}\n`);
    return error instanceof OptionsError ? error.exitCode : exitCodes.failed;
  }
}

process.exitCode = await main(process.argv.slice(2));
