/** What the engine is given: the ports, the clock, and whom to tell. */
import type { RecordedEvent, SameTree, SubtaskQueue, WorkflowHeader, WorkflowStore } from '@baton/core';

export interface EngineDeps {
  readonly store: WorkflowStore;
  readonly queue: SubtaskQueue;
  /** What is known now of who can share a tree. Asked within decisions, so it must answer from memory. Absent: nothing goes as a tree. */
  readonly sameTree?: SameTree | undefined;
  /** ms since the epoch. */
  readonly now: () => number;
  /** Told of everything that was committed, in order. Must not throw. */
  readonly observe: (header: WorkflowHeader, event: RecordedEvent) => void;
  /** Told of what went wrong and will be mended later: a dispatch that did not arrive stays in the outbox. */
  readonly warn: (event: string, error: unknown) => void;
}
