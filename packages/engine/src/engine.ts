/**
 * Core run against the ports: starts workflows, settles replies, passes deadlines, does what people ask. Holds no lock and no timer: what keeps
 * two engines apart is the commit's compare-and-set, and who calls `tick` and `settle` for a partition is the orchestrator's business.
 */
import { createAdvance } from './advance.ts';
import { createWorkflowCache } from './cache.ts';
import type { Hands } from './children.ts';
import { type Controls, createControls } from './control.ts';
import type { EngineDeps } from './deps.ts';
import { createPerform } from './perform.ts';
import { createRegister, type Register } from './register.ts';
import { createSettle, type Settle } from './settle.ts';
import { createStart, type Start } from './start.ts';
import { createTick, type Tick } from './tick.ts';

export interface Engine extends Controls {
  readonly register: Register;
  readonly start: Start;
  readonly settle: Settle;
  readonly tick: Tick;
}

export function createEngine(deps: EngineDeps): Engine {
  const cache = createWorkflowCache(deps);
  const perform = createPerform(deps, () => hands);
  const advance = createAdvance(deps, cache, perform);
  const start = createStart(deps, advance);
  const hands: Hands = { advance, start };
  return {
    register: createRegister(deps),
    start,
    settle: createSettle(advance),
    tick: createTick(deps, advance, cache, perform),
    ...createControls(deps, advance, deps.startAnywhere ?? start),
  };
}
