/** `./dev test` and `./dev verify`: the stages, their times, what failed, and one last line with the count of the whole run. */
import { findRedis } from './redis.ts';
import { say } from './say.ts';
import { allStages, runStages, type Stage, type StageResult, verifyStages } from './stage.ts';
import { chromium, ensureProgram, findProgram, redisServer } from './system-package.ts';
import { sentence, sum } from './test-report.ts';

export async function test(filter: readonly string[], signal: AbortSignal): Promise<number> {
  await ensureRedis(signal);
  if (!process.env['BATON_CHROMIUM']) {
    const program = ensureProgram(chromium, say);
    if (program !== null) process.env['BATON_CHROMIUM'] = program;
  }
  return await runAndReport(filter.length === 0 ? allStages : allStages.filter(({ hasTests }) => hasTests), filter, signal);
}

export async function verify(args: readonly string[], signal: AbortSignal): Promise<number> {
  if (args.length > 0) say(`verify takes no arguments: "${args.join(' ')}" is left out.`);
  await ensureRedis(signal);
  return await runAndReport(verifyStages, [], signal);
}

/** The tests start Redis servers of their own: here one is started to see that they can, and to install what is missing. */
async function ensureRedis(signal: AbortSignal): Promise<void> {
  if (findProgram(redisServer.programs) !== null) return;
  const redis = await findRedis({ persistent: false, say }, signal);
  await redis.stop();
}

async function runAndReport(stages: readonly Stage[], filter: readonly string[], signal: AbortSignal): Promise<number> {
  const results = await runStages(stages, filter, signal);
  const total = sum(results.map(({ counts }) => counts));
  const allPassed = results.length === stages.length && results.every(({ passed }) => passed);
  // Last, because the end of a log is what CI shows and what a terminal still has.
  const failures = results.flatMap((result) => result.failures);
  console.log(`\n${[results.map(line).join('\n'), ...failures, sentence(total)].join('\n\n')}`);
  return allPassed && total.passed > 0 && !signal.aborted ? 0 : 1;
}

function line({ stage, passed, seconds, counts }: StageResult): string {
  return `${passed ? 'passed' : 'FAILED'}  ${seconds.toFixed(1).padStart(6)} s  ${stage.title}${stage.hasTests ? `: ${sentence(counts)}` : ''}`;
}
