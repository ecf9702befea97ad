/** How many workflows of each type are active, and may be. */
import type { WorkflowTypeLimitView } from '@baton/protocol';
import type { ApiDeps } from './deps.ts';

export type TypeActivity = Pick<WorkflowTypeLimitView, 'active' | 'max_active'>;

export async function readActivity(store: Pick<ApiDeps['store'], 'activeCounts' | 'typeLimits'>): Promise<(type: string) => TypeActivity> {
  const [active, limits] = await Promise.all([store.activeCounts(), store.typeLimits()]);
  return (type) => ({ active: active.get(type) ?? 0, max_active: limits.get(type) ?? null });
}
