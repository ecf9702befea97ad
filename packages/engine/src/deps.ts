/** What the engine is given: the ports, the clock, and whom to tell. */
import type { RecordedEvent, SameTree, Schema, SubtaskQueue, WorkflowHeader, WorkflowStore } from '@baton/core';
import type { Admission } from './admission.ts';
import type { Refusal } from './refusal.ts';
import type { Start } from './start.ts';

/** Commits that were written; commits that lost against another one; workflows that were read from the store. */
export type Counted = 'commits' | 'conflicts' | 'reloads';

export interface EngineDeps {
  readonly store: WorkflowStore;
  readonly queue: SubtaskQueue;
  /** What is known now of who can share a tree. Asked within decisions, so it must answer from memory. Absent: nothing goes as a tree. */
  readonly sameTree?: SameTree | undefined;
  /** Also while other commits are under way. A tree saves the time between two steps and costs Redis and the agents more work: without a word, true. */
  readonly areTreesCutUnderLoad?: boolean;
  /** Starts a workflow in the shard of its id, where there are several: one that is restarted may have any. */
  readonly startAnywhere?: Start;
  /** Asked before each start, but not for those that a workflow asks for. Absent: whatever comes is started. */
  readonly admission?: Admission;
  /** Told of each start that was not let in. */
  readonly onRefused?: (type: string, refusal: Refusal) => void;
  /** Up to which it takes definitions: that of this code, but in tests. What store and queue take and write is theirs. */
  readonly schema?: Schema | undefined;
  /** How long ended workflows are kept whose definition does not say; without a word, as core has it. Of a type it is that of its registration. */
  readonly retentionMs?: number | undefined;
  /** ms since the epoch. */
  readonly now: () => number;
  /** Told of everything that was committed, in order. Must not throw. */
  readonly observe: (header: WorkflowHeader, event: RecordedEvent) => void;
  /** Told of what went wrong and will be mended later: a dispatch that did not arrive stays in the outbox. */
  readonly warn: (event: string, error: unknown) => void;
  /** Told what it cost: how well an engine remembers what it works on shows in conflicts and reloads per commit. */
  readonly count?: (what: Counted, by: number) => void;
}
