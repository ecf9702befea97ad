/** Tests counted, and what failed in words, from the report of Vitest's JSON reporter. */
import { existsSync, readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { root } from './checkout.ts';

export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

export interface TestReport {
  readonly counts: Counts;
  /** `apps/api/src/x.int.test.ts › the test's whole name`, and below it how its message begins. */
  readonly failures: readonly string[];
}

export const noTests: Counts = { passed: 0, failed: 0, skipped: 0 };

interface JsonReport {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
  readonly testResults: readonly TestFile[];
}

interface TestFile {
  /** Its whole path. */
  readonly name: string;
  readonly status: string;
  /** Why it could not be loaded, if so. */
  readonly message?: string;
  readonly assertionResults: readonly { readonly status: string; readonly fullName: string; readonly failureMessages: readonly string[] }[];
}

/** Of the report at that path; empty if there is none, because nothing ran. */
export function readReport(path: string): TestReport {
  return existsSync(path) ? parseReport(JSON.parse(readFileSync(path, 'utf8')) as JsonReport) : { counts: noTests, failures: [] };
}

/** A file that failed before it had a test, for instance because it cannot be loaded, counts as one failure. */
export function parseReport({ numPassedTests, numFailedTests, numPendingTests, numTodoTests, testResults }: JsonReport): TestReport {
  const broken = testResults.filter(({ status, assertionResults }) => status === 'failed' && assertionResults.length === 0);
  const counts = { passed: numPassedTests, failed: numFailedTests + broken.length, skipped: numPendingTests + numTodoTests };
  const failures = testResults.flatMap((file) =>
    broken.includes(file)
      ? [told(file, 'cannot be loaded', file.message)]
      : file.assertionResults.flatMap(({ status, fullName, failureMessages }) => (status === 'failed' ? [told(file, fullName, failureMessages[0])] : [])),
  );
  return { counts, failures };
}

function told({ name }: TestFile, what: string, message = ''): string {
  const lines = message.split('\n').filter((line) => line.trim() !== '');
  return [`${relative(root, name)} › ${what}`, ...lines.slice(0, 8).map((line) => `  ${line.trimEnd()}`)].join('\n');
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
