/**
 * The workflows this process works on, as of their last commit. A stale one costs a conflict and a reload, never a wrong decision: what is decided
 * on one from here counts once it is committed, and that nothing is to be done does not count at all.
 */
import { hasEnded, type Workflow } from '@baton/core';
import { LRUCache } from 'lru-cache';
import type { EngineDeps } from './deps.ts';

/** Bounds the memory: workflows weigh as much as they have subtasks. */
const subtasksCachedMax = 200_000;

export interface WorkflowCache {
  /** From memory or from the store; those that do not exist (any more) are missing in the answer. */
  get(ids: Iterable<string>): Promise<Map<string, Workflow>>;
  /** From the store, whatever is in memory. */
  reload(ids: Iterable<string>): Promise<Map<string, Workflow>>;
  has(id: string): boolean;
  keep(workflow: Workflow): void;
  drop(id: string): void;
}

export function createWorkflowCache({ store, count = () => {} }: Pick<EngineDeps, 'store' | 'count'>): WorkflowCache {
  const cached = new LRUCache<string, Workflow>({ maxSize: subtasksCachedMax, sizeCalculation: ({ type }) => 1 + type.graph.nodes.size });

  async function load(id: string): Promise<Workflow | null> {
    count('reloads', 1);
    return await store.load(id);
  }

  async function found(ids: Iterable<string>, find: (id: string) => Promise<Workflow | null>): Promise<Map<string, Workflow>> {
    const all = await Promise.all([...ids].map(async (id) => [id, await find(id)] as const));
    return new Map(all.flatMap(([id, workflow]) => (workflow === null ? [] : [[id, workflow]])));
  }

  return {
    get: (ids) => found(ids, async (id) => cached.get(id) ?? (await load(id))),
    reload: (ids) => found(ids, load),
    has: (id) => cached.has(id),
    keep: (workflow) => void (hasEnded(workflow.state) ? cached.delete(workflow.header.id) : cached.set(workflow.header.id, workflow)),
    drop: (id) => void cached.delete(id),
  };
}
