/** Tests counted from the report of Vitest's JSON reporter. */
import { existsSync, readFileSync } from 'node:fs';

export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

export const noTests: Counts = { passed: 0, failed: 0, skipped: 0 };

interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
  readonly testResults: readonly { readonly status: string; readonly assertionResults: readonly unknown[] }[];
}

/** Of the report at that path; none if there is none, because nothing ran. */
export function countsOf(path: string): Counts {
  return existsSync(path) ? counts(JSON.parse(readFileSync(path, 'utf8')) as Report) : noTests;
}

/** A file that failed before it had a test, for instance because it cannot be loaded, counts as one failure. */
export function counts({ numPassedTests, numFailedTests, numPendingTests, numTodoTests, testResults }: Report): Counts {
  const broken = testResults.filter(({ status, assertionResults }) => status === 'failed' && assertionResults.length === 0);
  return { passed: numPassedTests, failed: numFailedTests + broken.length, skipped: numPendingTests + numTodoTests };
}

export function sum(all: readonly Counts[]): Counts {
  return all.reduce(
    (total, each) => ({ passed: total.passed + each.passed, failed: total.failed + each.failed, skipped: total.skipped + each.skipped }),
    noTests,
  );
}

/** `12 passed, 0 failed, 1 skipped` */
export function sentence({ passed, failed, skipped }: Counts): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}
