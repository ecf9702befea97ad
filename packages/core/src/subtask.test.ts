import { expect, it } from 'vitest';
import { canFollow, subtaskStatuses, subtaskTransitions } from './subtask.ts';

it("has the guide's state machine", () => {
  const path = ['pending', 'assigned', 'running', 'failed', 'retrying', 'assigned', 'running', 'completed'] as const;
  for (const [index, to] of path.slice(1).entries()) expect(canFollow(path[index] ?? 'pending', to)).toBe(true);
  expect(canFollow('failed', 'failed_permanent')).toBe(true);
});

it('lets nothing follow what is settled', () => {
  for (const status of ['completed', 'failed_permanent', 'skipped', 'cancelled'] as const) expect(subtaskTransitions[status]).toEqual([]);
});

it('reaches every status from pending', () => {
  const reached = new Set<string>(['pending']);
  for (const status of reached) for (const next of subtaskTransitions[status as 'pending']) reached.add(next);
  expect([...reached].toSorted()).toEqual(subtaskStatuses.toSorted());
});
