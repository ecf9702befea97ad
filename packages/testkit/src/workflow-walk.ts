/** Drives one workflow through decide without any I/O, each decision checked against the invariants and applied. */
import {
  type Answered,
  type Assignment,
  apply,
  assignmentsOf,
  type DecideOptions,
  type Decision,
  decide,
  type Execution,
  isNothing,
  type JobFacts,
  type Json,
  type JsonObject,
  type Outcome,
  type Workflow,
  type WorkflowEvent,
} from '@baton/core';
import { createWatch, type Watch } from './invariants.ts';

/** Both ways in which everything must hold: each dispatch on its own, and laid together wherever that goes. */
export const bothWays: readonly DecideOptions[] = [{}, { sameTree: () => true }];

/** A dispatch to agents or to a workflow of its own. */
export type Dispatch = Pick<Assignment, 'workflowId' | 'subtaskId' | 'generation'>;

export interface WorkflowWalk {
  readonly workflow: Workflow;
  readonly watch: Watch;
  /** Dispatches that no event has answered yet. */
  readonly open: Map<string, Dispatch>;
  /** Everything ever dispatched, in order. */
  readonly dispatched: Dispatch[];
  /** Everything that happened, with what was decided. */
  readonly history: { readonly events: readonly WorkflowEvent[]; readonly now: number; readonly decision: Decision }[];
  now: number;
  /** @throws if an invariant breaks. @returns what was decided */
  take(...events: readonly WorkflowEvent[]): Taken;
}

export interface Taken {
  readonly decision: Decision;
  readonly changed: boolean;
  readonly answers: readonly Answered[];
}

/** @param options with them, what is dispatched is laid together into trees, and everything in a tree is open at once */
export function startWalk(workflow: Workflow, options: DecideOptions = {}): WorkflowWalk {
  const watch = createWatch();
  const walk: WorkflowWalk = {
    workflow,
    watch,
    open: new Map(),
    dispatched: [],
    history: [],
    now: 0,
    take(...events) {
      const decision = decide(workflow, events, walk.now, options);
      walk.history.push({ events, now: walk.now, decision });
      expectNone(watch.observe(workflow, decision, events));
      apply(workflow, decision.patch);
      workflow.revision += 1;
      expectNone(watch.inspect(workflow));
      for (const [id, subtask] of decision.patch.subtasks) if (subtask.status !== 'assigned') walk.open.delete(id);
      for (const dispatch of dispatchesOf(decision)) {
        walk.open.set(dispatch.subtaskId, dispatch);
        walk.dispatched.push(dispatch);
      }
      return { decision, changed: !isNothing(decision), answers: decision.answers };
    },
  };
  walk.take({ kind: 'started' });
  return walk;
}

function expectNone(violation: string | null): void {
  if (violation !== null) throw new Error(violation);
}

function dispatchesOf({ effects }: Decision): readonly Dispatch[] {
  return effects.flatMap((effect): Dispatch[] => {
    if (effect.kind === 'dispatch') return [...assignmentsOf(effect)];
    return effect.kind === 'start_child' ? [effect.start.parent] : [];
  });
}

export function settled({ workflowId, subtaskId, generation }: Dispatch, outcome: Outcome, agent?: string): WorkflowEvent {
  const execution: Execution | undefined = agent === undefined ? undefined : { agent, attempt: 1, startedAt: 0, finishedAt: 0 };
  return { kind: 'settled', report: { workflowId, subtaskId, generation, outcome, ...(execution && { execution }) } };
}

export function completed(dispatch: Dispatch, result: Json = null, contextUpdate?: JsonObject): WorkflowEvent {
  return settled(dispatch, { status: 'completed', result, ...(contextUpdate && { contextUpdate }) });
}

export function failed(dispatch: Dispatch, code = 'HANDLER_FAILED'): WorkflowEvent {
  return settled(dispatch, { status: 'failed', error: { code, message: 'It broke.' } });
}

export function checked({ subtaskId, generation }: Dispatch, facts: JobFacts): WorkflowEvent {
  return { kind: 'checked', subtaskId, generation, facts };
}
