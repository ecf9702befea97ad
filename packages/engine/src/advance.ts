/**
 * The one way a workflow changes: decide on what is known of it, commit, and only then dispatch. Whoever committed in between wins; the loser
 * loads again and decides anew. Many workflows go through together: one round trip for all their commits, one per queue for their dispatches.
 */
import { strict as assert } from 'node:assert';
import { type Assignment, apply, type Decision, decide, isNothing, type Workflow, type WorkflowEvent } from '@baton/core';
import type { WorkflowCache } from './cache.ts';
import type { EngineDeps } from './engine.ts';

/** A conflict means that somebody else made progress; this many in a row on one workflow mean a bug. */
const conflictsMax = 100;

export interface Advance {
  /** Applies the events to their workflows. Throws if the store cannot be reached: then nobody knows what was committed, and all is to be done again. */
  (events: ReadonlyMap<string, readonly WorkflowEvent[]>): Promise<void>;
  /** Creates the workflow with its first decision. @returns false if the id is taken */
  create(workflow: Workflow): Promise<boolean>;
}

interface Step {
  readonly workflow: Workflow;
  readonly decision: Decision;
}

export function createAdvance(deps: EngineDeps, cache: WorkflowCache): Advance {
  const { store, now, observe } = deps;
  const advance = async (events: ReadonlyMap<string, readonly WorkflowEvent[]>): Promise<void> => {
    let open = events;
    for (let round = 0; open.size > 0; round += 1) {
      assert(round < conflictsMax, `${[...open.keys()].join(', ')}: ${conflictsMax} conflicts in a row`);
      const workflows = await cache.get(open.keys());
      const steps = [...workflows].map(([id, workflow]) => ({ workflow, decision: decide(workflow, open.get(id) ?? [], now()) }));
      const lost = await commit(steps.filter(({ decision }) => !isNothing(decision)));
      open = new Map(lost.map((id) => [id, open.get(id) ?? []]));
    }
  };

  /** @returns the ids that lost against another commit */
  async function commit(steps: readonly Step[]): Promise<readonly string[]> {
    if (steps.length === 0) return [];
    const outcomes = await store.commit(steps.map(({ workflow, decision }) => ({ workflow, ...decision }))).catch((error: unknown) => {
      for (const { workflow } of steps) cache.drop(workflow.header.id);
      throw error;
    });
    const committed: Step[] = [];
    const lost: string[] = [];
    for (const [index, step] of steps.entries()) {
      const outcome = outcomes[index];
      if (outcome?.status === 'committed') {
        apply(step.workflow, step.decision.patch);
        Object.assign(step.workflow, { revision: outcome.revision, eventHash: outcome.eventHash });
        cache.keep(step.workflow);
        committed.push(step);
      } else {
        cache.drop(step.workflow.header.id);
        lost.push(step.workflow.header.id);
      }
    }
    for (const { workflow, decision } of committed) for (const event of decision.patch.events) observe(workflow.header, event);
    await dispatch(
      deps,
      committed.flatMap(({ decision }) => decision.dispatches),
    );
    return lost;
  }

  const create = async (workflow: Workflow): Promise<boolean> => {
    const decision = decide(workflow, [{ kind: 'started' }], now());
    return (await commit([{ workflow, decision }])).length === 0;
  };

  return Object.assign(advance, { create });
}

/** The commit stands whatever becomes of this: what does not arrive is found in the outbox. */
async function dispatch({ store, queue, warn }: EngineDeps, assignments: readonly Assignment[]): Promise<void> {
  if (assignments.length === 0) return;
  try {
    await queue.dispatch(assignments.map((assignment) => ({ assignment, inputs: [] })));
  } catch (error) {
    return warn('dispatch_failed', error);
  }
  const partitions = Map.groupBy(assignments, ({ partition }) => partition);
  for (const [partition, entries] of partitions) {
    store.clearOutbox(partition, entries).catch((error: unknown) => warn('outbox_not_cleared', error));
  }
}
