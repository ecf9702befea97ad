/** What a ledger knows of one workflow, and a commit beside it. */
import type { Commit, Execution, RecordedEvent, Subtask, Workflow, WorkflowState } from '@baton/core';
import type { AssignmentMessage } from '@baton/protocol';
import type { Watch } from './invariants.ts';

export interface LedgerPage {
  /** As its commits have made it, and nothing else. */
  readonly workflow: Workflow;
  readonly watch: Watch;
  readonly events: RecordedEvent[];
  /** `<subtask>~<generation>` of everything that was decided to be dispatched. */
  readonly dispatched: Set<string>;
  /** How many of them stand behind others in a tree. */
  inTrees: number;
  /** By `answerKey`: everything that agents ever replied to, as they had it. */
  readonly answered: Map<string, AssignmentMessage>;
}

/** A commit beside what was there before it. */
export interface Change {
  readonly page: LedgerPage;
  readonly commit: Commit;
  /** As the commit leaves it. */
  readonly state: WorkflowState;
  readonly before: (id: string) => Subtask | undefined;
  readonly after: (id: string) => Subtask | undefined;
}

export function changeOf(page: LedgerPage, commit: Commit): Change {
  const { patch } = commit;
  const changed = new Map(patch.subtasks);
  const before = (id: string) => page.workflow.subtasks.get(id);
  return { page, commit, state: patch.state ?? page.workflow.state, before, after: (id) => changed.get(id) ?? before(id) };
}

export function isPending(subtask: Subtask | undefined): boolean {
  return subtask === undefined || subtask.status === 'pending';
}

export function answerKey(subtaskId: string, generation: number, { agent, attempt, startedAt, finishedAt }: Execution): string {
  return `${subtaskId}~${generation} ${agent} ${attempt} ${startedAt} ${finishedAt}`;
}
