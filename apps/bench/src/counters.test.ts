import { createMetrics } from '@baton/telemetry';
import { expect, test } from 'vitest';
import { countedBetween, countersIn, metricsUrl, nothingCounted } from './counters.ts';

test('what a process of ours serves is understood', async () => {
  const metrics = createMetrics();
  metrics.count('commits', 12);
  metrics.count('reloads', 3);
  expect(countersIn(await metrics.text())).toEqual({ commits: 12, conflicts: 0, reloads: 3 });
});

test('what is not counted is no zero', () => {
  expect(() => countersIn('baton_commits_total 1\n')).toThrow(/baton_commit_conflicts_total/);
});

test('processes are added up, each from where it stood', () => {
  const before = { commits: 10, conflicts: 1, reloads: 2 };
  const after = { commits: 15, conflicts: 3, reloads: 2 };
  expect(
    countedBetween([
      [before, after],
      [nothingCounted, before],
    ]),
  ).toEqual({ commits: 15, conflicts: 3, reloads: 2 });
});

test('one that serves no metrics is told so', () => {
  const silent = { role: 'orchestrator', said: () => null } as unknown as Parameters<typeof metricsUrl>[0];
  expect(() => metricsUrl(silent)).toThrow(/orchestrator serves no metrics/);
});
