/** The stages of verify and test, one table; each is a script of the root package.json, so that each runs alone too. */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { state } from './checkout.ts';
import { runScript } from './pnpm-script.ts';
import { readReport, type TestReport } from './test-report.ts';

export interface Stage {
  readonly title: string;
  readonly script: string;
  /** Vitest runs it, and its results count. */
  readonly hasTests: boolean;
}

/** A stage without tests counts none. */
export interface StageResult extends TestReport {
  readonly stage: Stage;
  readonly passed: boolean;
  readonly seconds: number;
}

const check = (title: string, script: string): Stage => ({ title, script, hasTests: false });
const tests = (title: string, script: string): Stage => ({ title, script, hasTests: true });

export const verifyStages: readonly Stage[] = [
  check('format', 'format:check'),
  check('lint', 'lint'),
  check('types', 'typecheck'),
  check('dead code', 'knip'),
  tests('unit, property, contract, import arrows', 'test:unit'),
  tests('integration', 'test:int'),
];

export const allStages: readonly Stage[] = [...verifyStages, tests('fault', 'test:fault'), tests('end to end', 'test:e2e')];

/** One after the other, as each uses all cores; all of them, also after a failure: what is wrong is wanted whole. An interrupt ends it. */
export async function runStages(stages: readonly Stage[], filter: readonly string[], signal: AbortSignal): Promise<readonly StageResult[]> {
  const results: StageResult[] = [];
  for (const stage of stages) {
    if (signal.aborted) break;
    console.log(`\n── ${stage.title} ${'─'.repeat(Math.max(3, 70 - stage.title.length))}`);
    results.push(await runStage(stage, filter, signal));
  }
  return results;
}

async function runStage(stage: Stage, filter: readonly string[], signal: AbortSignal): Promise<StageResult> {
  const started = performance.now();
  const report = join(state, 'test', `${stage.script.replace(':', '-')}.json`);
  mkdirSync(join(state, 'test'), { recursive: true });
  rmSync(report, { force: true });
  // A part of the tests cannot cover all of core, and need not be in every stage.
  const filtered = filter.length === 0 ? [] : ['--coverage.enabled=false', '--passWithNoTests', ...filter];
  const vitest = stage.hasTests ? ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`, ...filtered] : [];
  const code = await runScript(stage.script, vitest, signal);
  const { counts, failures } = readReport(report);
  return { stage, passed: code === 0 && counts.failed === 0, seconds: (performance.now() - started) / 1000, counts, failures };
}
