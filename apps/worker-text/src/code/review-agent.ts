/** The reviewer agent: a real linter and a real test run over the draft, in a folder that is gone afterwards, and one score from both. */
import { cp, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type AnswerWith, answer, type HandlerContext } from '@baton/worker';
import type { z } from 'zod';
import type { codeReview, LintProblem, Review } from '../capability/code.ts';
import { lint } from './lint.ts';
import { runTests } from './test-run.ts';

type Input = z.output<typeof codeReview.input>;

const sandbox = fileURLToPath(new URL('./sandbox', import.meta.url));
const timeoutMs = 10_000;
const shares = { tests: 0.7, style: 0.3 } as const;
/** What a finding of the linter costs, of the share of style. */
const costs = { error: 0.34, warning: 0.17 } as const;
/** A draft that fails a test is not good enough, however tidy it is. */
const failingMax = 0.89;

export function createCodeReview(): (input: Input, context: HandlerContext) => Promise<AnswerWith<Review>> {
  return async ({ spec, draft, round, history }, { signal, progress }) => {
    // Node compares real paths with those that it was permitted.
    const folder = await realpath(await mkdtemp(join(tmpdir(), 'baton-review-')));
    await using folders = new AsyncDisposableStack();
    folders.defer(() => rm(folder, { recursive: true, force: true }));
    await cp(sandbox, folder, { recursive: true });
    await writeFile(join(folder, 'draft.mjs'), draft.source);
    await writeFile(join(folder, 'spec.json'), JSON.stringify(spec));
    const options = { cwd: folder, timeoutMs, signal };
    const problems = await lint('draft.mjs', options);
    progress(40, `${problems.length} problems found by the linter`);
    const failures = await runTests(spec, options);
    const tests = spec.examples.length;
    const passed = tests - failures.length;
    const quality_score = scoreOf(passed / tests, problems);
    const entry = { round, quality_score, passed, tests, problems: problems.length, repairs: draft.repairs, source: draft.source };
    const review = { quality_score, feedback: { passed, tests, failures: [...failures], problems: [...problems] }, history: [...history, entry] };
    return answer(review, { contextUpdate: { 'review.history': review.history, 'review.quality_score': quality_score } });
  };
}

export function scoreOf(passedShare: number, problems: readonly LintProblem[]): number {
  const style = Math.max(0, 1 - problems.reduce((sum, { severity }) => sum + costs[severity], 0));
  const score = Math.round(1_000 * (shares.tests * passedShare + shares.style * style)) / 1_000;
  return passedShare < 1 ? Math.min(failingMax, score) : score;
}
