/** The directed graph of a definition: who waits for whom. Edges come from `needs` and from references alike. */
import type { TaskNode } from './definition.ts';

export interface Graph {
  readonly nodes: ReadonlyMap<string, TaskNode>;
  /** What a subtask waits for, each once. */
  readonly needs: ReadonlyMap<string, readonly string[]>;
  /** What waits for a subtask. */
  readonly dependents: ReadonlyMap<string, readonly string[]>;
  readonly roots: readonly string[];
  readonly leaves: readonly string[];
}
