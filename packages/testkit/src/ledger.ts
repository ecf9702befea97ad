/**
 * What was committed, as a bookkeeper beside the store sees it: every commit is held to the rules before it counts, and what agents began is held
 * to what was committed. **Invariant:** it learns from patches only, so that a defect of the engine's own memory shows.
 */
import { apply, assignmentsOf, type Commit, createWorkflow, type Execution, hasEnded, isMarked, type WorkflowEvent } from '@baton/core';
import type { AssignmentMessage } from '@baton/protocol';
import { brokenRule } from './commit-rules.ts';
import { createWatch } from './invariants.ts';
import { answerKey, type LedgerPage } from './ledger-page.ts';

export interface Ledger {
  readonly pages: ReadonlyMap<string, LedgerPage>;
  /** How many commits there were. */
  readonly commits: number;
  /** @throws {BrokenInvariant} */
  commit(commit: Commit): void;
  /**
   * An agent begins.
   *
   * @param isRepeated it is known to have been answered before
   * @throws {BrokenInvariant} if it must not
   */
  begin(assignment: AssignmentMessage, isRepeated: boolean): void;
  /** An agent has answered. */
  answer(assignment: AssignmentMessage, execution: Execution): void;
}

/** The simulation found a defect. */
export class BrokenInvariant extends Error {
  readonly code = 'BROKEN_INVARIANT';
}

export function createLedger(): Ledger {
  const pages = new Map<string, LedgerPage>();
  let commits = 0;

  return {
    pages,
    get commits() {
      return commits;
    },
    commit(commit) {
      commits += 1;
      const { workflow, patch, effects } = commit;
      const { id } = workflow.header;
      const page: LedgerPage = pages.get(id) ?? {
        workflow: createWorkflow(workflow.header, workflow.type),
        watch: createWatch(),
        events: [],
        dispatched: new Set(),
        inTrees: 0,
        answered: new Map(),
      };
      pages.set(id, page);
      const broken = brokenRule(page, commit) ?? page.watch.observe(page.workflow, { patch, effects, answers: [] }, askedFor(commit));
      if (broken !== null) throw new BrokenInvariant(`${id}: ${broken}`);
      apply(page.workflow, patch);
      page.events.push(...patch.events);
      for (const { subtaskId, generation, inputs } of effects.flatMap((effect) => (effect.kind === 'dispatch' ? assignmentsOf(effect) : []))) {
        page.dispatched.add(`${subtaskId}~${generation}`);
        if (inputs !== undefined) page.inTrees += 1;
      }
      const wrong = page.watch.inspect(page.workflow);
      if (wrong !== null) throw new BrokenInvariant(`${id}: ${wrong}`);
    },
    begin({ metadata: { workflow_id: id, subtask_id: subtaskId, generation } }, isRepeated) {
      const page = pages.get(id);
      const refuse = (why: string): never => {
        throw new BrokenInvariant(`${id}: an agent began ${subtaskId}~${generation}, ${why}`);
      };
      if (page === undefined || !page.dispatched.has(`${subtaskId}~${generation}`)) return refuse('which nobody dispatched');
      const { state, subtasks } = page.workflow;
      if (state.status === 'paused') return refuse('though the workflow is paused');
      if (isRepeated) return;
      if (hasEnded(state)) return refuse(`though the workflow is ${state.status}`);
      const subtask = subtasks.get(subtaskId);
      if ((subtask?.status !== 'assigned' && !isMarked(subtask)) || subtask.generation !== generation)
        return refuse(`though the subtask is ${subtask?.status}~${subtask?.generation}`);
    },
    answer(assignment, execution) {
      const { workflow_id: id, subtask_id: subtaskId, generation } = assignment.metadata;
      pages.get(id)?.answered.set(answerKey(subtaskId, generation, execution), assignment);
    },
  };
}

/** What the record says that people asked for. */
function askedFor({ patch }: Commit): readonly WorkflowEvent[] {
  const isRetry = patch.events.some(({ type }) => type === 'workflow_retried');
  return isRetry ? [{ kind: 'controlled', control: { action: 'retry' }, by: '' }] : [];
}
