import { join } from 'node:path';
import { expect, test } from 'vitest';
import { root } from './checkout.ts';
import { noTests, parseReport, readReport, sentence, sum } from './test-report.ts';

const report = { numPassedTests: 5, numFailedTests: 1, numPendingTests: 2, numTodoTests: 1, testResults: [] };
const passing = { status: 'passed', fullName: 'adds', failureMessages: [] };
const failing = { status: 'failed', fullName: 'sums subtracts', failureMessages: ['Error: 1 is not 2\n\n    at sums.test.ts:3\n'] };

test('counts what Vitest reported', () => {
  expect(parseReport(report)).toEqual({ counts: { passed: 5, failed: 1, skipped: 3 }, failures: [] });
});

test('tells each failure with its file, its name and how its message begins; a file that cannot be loaded is one', () => {
  const testResults = [
    { name: join(root, 'packages/a.test.ts'), status: 'failed', message: 'no such module', assertionResults: [] },
    { name: join(root, 'packages/sums.test.ts'), status: 'failed', assertionResults: [passing, failing] },
    { name: join(root, 'packages/b.test.ts'), status: 'passed', assertionResults: [passing] },
  ];
  expect(parseReport({ ...report, testResults })).toEqual({
    counts: { passed: 5, failed: 2, skipped: 3 },
    failures: [
      'packages/a.test.ts › cannot be loaded\n  no such module',
      'packages/sums.test.ts › sums subtracts\n  Error: 1 is not 2\n      at sums.test.ts:3',
    ],
  });
});

test('no report: nothing ran', () => {
  expect(readReport('/nowhere/report.json')).toEqual({ counts: noTests, failures: [] });
});

test.each([
  [[], '0 passed, 0 failed'],
  [[{ passed: 2, failed: 0, skipped: 0 }], '2 passed, 0 failed'],
  [
    [
      { passed: 2, failed: 1, skipped: 0 },
      { passed: 3, failed: 0, skipped: 4 },
    ],
    '5 passed, 1 failed, 4 skipped',
  ],
])('%j: %s', (all, expected) => {
  expect(sentence(sum(all))).toBe(expected);
});
