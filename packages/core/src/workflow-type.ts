/** A versioned definition, checked and compiled: what every workflow of it shares. */
import type { Definition } from './definition.ts';
import type { Graph } from './graph.ts';

export interface WorkflowType {
  readonly name: string;
  readonly version: number;
  /** SHA-256 of the canonical definition: two types with one hash are one. */
  readonly hash: string;
  readonly definition: Definition;
  readonly graph: Graph;
  /** The nodes that the result refers to. */
  readonly inResult: ReadonlySet<string>;
}
