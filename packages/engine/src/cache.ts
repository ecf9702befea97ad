/** The workflows this process works on, as of their last commit. A stale one costs a conflict and a reload, never a wrong decision. */
import { hasEnded, type Workflow, type WorkflowStore } from '@baton/core';
import { LRUCache } from 'lru-cache';

/** Bounds the memory: workflows weigh as much as they have subtasks. */
const subtasksCachedMax = 200_000;

export interface WorkflowCache {
  /** From memory or from the store; those that do not exist (any more) are missing in the answer. */
  get(ids: Iterable<string>): Promise<Map<string, Workflow>>;
  keep(workflow: Workflow): void;
  drop(id: string): void;
}

export function createWorkflowCache(store: WorkflowStore): WorkflowCache {
  const cached = new LRUCache<string, Workflow>({ maxSize: subtasksCachedMax, sizeCalculation: ({ type }) => 1 + type.graph.nodes.size });

  return {
    async get(ids) {
      const found = await Promise.all([...ids].map(async (id) => [id, cached.get(id) ?? (await store.load(id))] as const));
      return new Map(found.flatMap(([id, workflow]) => (workflow === null ? [] : [[id, workflow]])));
    },
    keep: (workflow) => void (hasEnded(workflow.state) ? cached.delete(workflow.header.id) : cached.set(workflow.header.id, workflow)),
    drop: (id) => void cached.delete(id),
  };
}
