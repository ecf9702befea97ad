import { expect, test } from 'vitest';
import { counts, countsOf, noTests, sentence, sum } from './test-counts.ts';

const report = { numPassedTests: 5, numFailedTests: 1, numPendingTests: 2, numTodoTests: 1, testResults: [] };

test('counts what Vitest reported', () => {
  expect(counts(report)).toEqual({ passed: 5, failed: 1, skipped: 3 });
});

test('a file that failed before it had a test is a failure', () => {
  const testResults = [
    { status: 'failed', assertionResults: [] },
    { status: 'failed', assertionResults: [{}] },
    { status: 'passed', assertionResults: [] },
  ];
  expect(counts({ ...report, testResults }).failed).toBe(2);
});

test('no report: nothing ran', () => {
  expect(countsOf('/nowhere/report.json')).toBe(noTests);
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
