/**
 * Core run against the ports: starts workflows, settles replies, passes deadlines. Holds no lock and no timer: what keeps two engines apart is
 * the commit's compare-and-set, and who calls `tick` and `settle` for a partition is the orchestrator's business.
 */
import type { RecordedEvent, SubtaskQueue, WorkflowHeader, WorkflowStore } from '@baton/core';
import { createAdvance } from './advance.ts';
import { createWorkflowCache } from './cache.ts';
import { createRegister, type Register } from './register.ts';
import { createSettle, type Settle } from './settle.ts';
import { createStart, type Start } from './start.ts';
import { createTick, type Tick } from './tick.ts';

export interface EngineDeps {
  readonly store: WorkflowStore;
  readonly queue: SubtaskQueue;
  /** ms since the epoch. */
  readonly now: () => number;
  /** Told of everything that was committed, in order. Must not throw. */
  readonly observe: (header: WorkflowHeader, event: RecordedEvent) => void;
  /** Told of what went wrong and will be mended later: a dispatch that did not arrive stays in the outbox. */
  readonly warn: (event: string, error: unknown) => void;
}

export interface Engine {
  readonly register: Register;
  readonly start: Start;
  readonly settle: Settle;
  readonly tick: Tick;
}

export function createEngine(deps: EngineDeps): Engine {
  const cache = createWorkflowCache(deps.store);
  const advance = createAdvance(deps, cache);
  return {
    register: createRegister(deps),
    start: createStart(deps, advance),
    settle: createSettle(advance),
    tick: createTick(deps, advance, cache),
  };
}
