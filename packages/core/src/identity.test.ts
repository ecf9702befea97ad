import { describe, expect, it } from 'vitest';
import { childIdOf, dispatchId, partitionOf, shardOf, shareOf, WorkflowId } from './identity.ts';
import { partitionCount } from './limits.ts';

describe('partition of a workflow', () => {
  it('is fixed: another answer would leave the workflows of a deployment with the wrong owner', () => {
    expect(['wf_1', 'wf_2', 'sales-2026-11', 'Ünïcode'].map(partitionOf)).toEqual([4, 13, 13, 5]);
  });

  it('spreads ids that differ little', () => {
    const counts = Array.from({ length: partitionCount }, () => 0);
    for (let index = 0; index < 16_000; index += 1) counts[partitionOf(`wf_${index}`)] = (counts[partitionOf(`wf_${index}`)] ?? 0) + 1;
    expect(Math.min(...counts)).toBeGreaterThan(800);
    expect(Math.max(...counts)).toBeLessThan(1_200);
  });
});

it('gives a dispatch an id that BullMQ takes', () => {
  expect(dispatchId('wf_1', 'fetch', 2)).toBe('wf_1~fetch~2');
});

it.each(['', '-a', 'a:b', 'a~b', 'a/b', 'a b', 'x'.repeat(129)])('refuses the workflow id %j', (id) => {
  expect(WorkflowId.safeParse(id).success).toBe(false);
});

it('gives the workflow that is the work of a step an id that means no other', () => {
  const ids = [
    ['sub', 0],
    ['sub', 2],
    ['m[1]', 0],
    ['m[1]', 2],
    ['m_1_', 0],
    ['plan/x', 0],
    ['plan/g2', 0],
    ['plan/m[1]', 0],
  ] as const;
  expect(ids.map(([step, generation]) => childIdOf('wf', step, generation))).toEqual([
    'wf.sub',
    'wf.sub.g2',
    'wf.m.1',
    'wf.m.1.g2',
    'wf.m_1_',
    'wf.plan.x',
    'wf.plan.g2',
    'wf.plan.m.1',
  ]);
});

describe('shard of a workflow', () => {
  it('is fixed: another answer would lose the workflows of a deployment', () => {
    expect(['wf_1', 'wf_2', 'sales-2026-11', 'Ünïcode'].map((id) => shardOf(id, 6))).toEqual([2, 5, 2, 5]);
  });

  it('is that of the one whose step it is, however deep', () => {
    const child = childIdOf('wf_1', 'plan/m[1]', 2);
    expect([child, childIdOf(child, 'sub', 0)].map((id) => shardOf(id, 64))).toEqual([shardOf('wf_1', 64), shardOf('wf_1', 64)]);
  });

  it('has a share of each limit, and all shares make it up', () => {
    expect([0, 1, 2].map((shard) => shareOf(8, shard, 3))).toEqual([3, 3, 2]);
    expect([0, 1, 2].map((shard) => shareOf(3, shard, 3))).toEqual([1, 1, 1]);
  });
});
