/**
 * What was committed, as a bookkeeper beside the store sees it: every commit is held to the rules before it counts, and what agents and clients
 * saw is held to what was committed. **Invariant:** it learns from patches only, so that a defect of the engine's own memory shows.
 */
import {
  type Commit,
  type ContextEntry,
  hasEnded,
  type RecordedEvent,
  type Subtask,
  type WorkflowHeader,
  type WorkflowState,
  type WorkflowType,
} from '@baton/core';
import type { AssignmentMessage } from '@baton/protocol';
import { brokenRule } from './commit-rules.ts';

export interface LedgerPage {
  readonly header: WorkflowHeader;
  readonly type: WorkflowType;
  readonly partition: number;
  state: WorkflowState;
  readonly subtasks: Map<string, Subtask>;
  readonly context: Map<string, ContextEntry>;
  readonly deadlines: Map<string | null, number>;
  readonly events: RecordedEvent[];
  /** `<subtask>~<generation>` of everything that was decided to be dispatched. */
  readonly dispatched: Set<string>;
}

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
  /** Retention is over. */
  forget(workflowId: string): void;
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
      const page = pages.get(id) ?? newPage(commit);
      const broken = brokenRule(page, commit);
      if (broken !== null)
        throw new BrokenInvariant(`${id}: ${broken}`, {
          cause: {
            before: [...page.subtasks],
            deadlines: [...page.deadlines],
            state: page.state,
            events: page.events,
            patch,
            effects,
            nodes: workflow.type.definition.nodes,
          },
        });
      pages.set(id, page);
      if (patch.state !== undefined) page.state = patch.state;
      for (const [subtaskId, subtask] of patch.subtasks) page.subtasks.set(subtaskId, subtask);
      for (const [path, entry] of patch.context) page.context.set(path, entry);
      for (const { subtaskId, at } of patch.deadlines) {
        if (at === null) page.deadlines.delete(subtaskId);
        else page.deadlines.set(subtaskId, at);
      }
      page.events.push(...patch.events);
      for (const effect of effects) if (effect.kind === 'dispatch') page.dispatched.add(`${effect.assignment.subtaskId}~${effect.assignment.generation}`);
    },
    begin({ metadata: { workflow_id: id, subtask_id: subtaskId, generation } }, isRepeated) {
      const page = pages.get(id);
      const refuse = (why: string): never => {
        throw new BrokenInvariant(`${id}: an agent began ${subtaskId}~${generation}, ${why}`);
      };
      if (page === undefined || !page.dispatched.has(`${subtaskId}~${generation}`)) return refuse('which nobody dispatched');
      if (page.state.status === 'paused') return refuse('though the workflow is paused');
      if (isRepeated) return;
      if (hasEnded(page.state)) return refuse(`though the workflow is ${page.state.status}`);
      const subtask = page.subtasks.get(subtaskId);
      if (subtask?.status !== 'assigned' || subtask.generation !== generation) return refuse(`though the subtask is ${subtask?.status}~${subtask?.generation}`);
    },
    forget: (workflowId) => void pages.delete(workflowId),
  };
}

function newPage({ workflow: { header, type, partition } }: Commit): LedgerPage {
  return {
    header,
    type,
    partition,
    state: { status: 'pending' },
    subtasks: new Map(),
    context: new Map(),
    deadlines: new Map(),
    events: [],
    dispatched: new Set(),
  };
}
