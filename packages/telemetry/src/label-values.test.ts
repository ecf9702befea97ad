import type { WorkflowHeader } from '@baton/core';
import { expect, test } from 'vitest';
import { createMetrics } from './index.ts';
import { labelValues } from './label-values.ts';

test('the first values are told apart, all others are one', () => {
  const labelOf = labelValues(2);
  expect(['a', 'b', 'c', 'a', 'd'].map(labelOf)).toEqual(['a', 'b', 'other', 'a', 'other']);
});

test('types, capabilities and error codes that never end make no more series than there is room for', async () => {
  const types = Array.from({ length: 2_000 }, (_, index) => `type${index}`);
  const metrics = createMetrics({ activeCounts: async () => new Map(types.map((type) => [type, 1])) });
  for (const type of types) {
    const header = { id: 'w', type, version: 1 } as WorkflowHeader;
    metrics.observe(header, { type: 'workflow_started', at: 0, caller: 'me' });
    metrics.observe(header, { type: 'workflow_completed', at: 0, durationMs: 1 });
    metrics.subtaskRetried(`capability.${type}`, `CODE_${type}`);
  }
  const seriesOf = (text: string, name: string): number => text.split('\n').filter((line) => line.startsWith(`${name}{`)).length;
  const text = await metrics.text();
  for (const name of ['workflow_starts_total', 'active_workflows', 'workflow_duration_seconds_count']) expect(seriesOf(text, name)).toBe(501);
  expect(seriesOf(text, 'subtask_retries_total')).toBeLessThanOrEqual(501 + 51);
  expect(text).toContain('active_workflows{workflow_type="other"} 1500');
  expect(seriesOf(await metrics.text(), 'active_workflows')).toBe(501);
});
