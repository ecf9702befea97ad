/** A subtask that is overdue, or whose dispatch nobody confirmed: what is found out about it decides. The job is the truth about execution. */
import { startChildAgain } from './assign.ts';
import { cascade } from './cascade.ts';
import { nextCheckAt, ttlMs } from './deadline.ts';
import { type Draft, isPaused, recall } from './draft.ts';
import { nodeOf } from './frame.ts';
import { limits } from './limits.ts';
import { unmark } from './mark.ts';
import type { JobFacts } from './ports.ts';
import { settleReport } from './report.ts';
import { fail, putBack, setback, timedOut } from './settle.ts';
import { type AssignedSubtask, isMarked, type MarkedSubtask } from './subtask.ts';
import { expire } from './waiting.ts';
import { hasEnded } from './workflow.ts';

/** The moment has come at which something might be due; nothing is known but the time. */
export function due(draft: Draft, { subtaskId }: { readonly subtaskId: string }): void {
  const subtask = draft.get(subtaskId);
  // Dispatched since somebody looked: its deadline is there to ask about the job, and will come again.
  if (subtask?.status === 'assigned') return;
  // Time stands still while the workflow is paused; a resume sets the deadlines anew.
  if (hasEnded(draft.state) || isPaused(draft) || subtask === undefined) return void draft.deadlines.set(subtaskId, null);
  if (subtask.status === 'waiting') return expire(draft, subtaskId, subtask);
  if (subtask.status === 'running') {
    const node = nodeOf(draft, subtaskId);
    const until = subtask.assignedAt + node.timeout_ms;
    return draft.now < until ? void draft.deadlines.set(subtaskId, until) : fail(draft, subtaskId, timedOut(node));
  }
  if (subtask.status !== 'retrying') return void draft.deadlines.set(subtaskId, null);
  if (draft.now < subtask.until) return void draft.deadlines.set(subtaskId, subtask.until);
  putBack(draft, subtaskId, subtask.tries, 'overloaded');
}

/** The job was looked at: this is how it was found. */
export function check(
  draft: Draft,
  { subtaskId, generation, facts }: { readonly subtaskId: string; readonly generation: number; readonly facts: JobFacts },
): void {
  const subtask = draft.get(subtaskId);
  if (hasEnded(draft.state) || subtask?.generation !== generation) return;
  if (facts.state === 'completed' && facts.report !== null) return settleReport(draft, { ...facts.report, subtaskId, generation });
  if (isMarked(subtask)) return checkMarked(draft, subtaskId, subtask, facts);
  if (subtask.status !== 'assigned') return;
  if (facts.state === 'completed')
    return setback(draft, subtaskId, { code: 'INVALID_REPLY', message: 'The agent completed the job without a reply that can be read.' });
  if (facts.state === 'failed') return setback(draft, subtaskId, { code: 'AGENT_LOST', message: `The queue gave the job up: ${facts.reason}` });
  overdue(draft, subtaskId, subtask, facts);
}

/** Its time has not begun, so nothing is overdue; but of a job that is gone no reply will come. */
function checkMarked(draft: Draft, id: string, subtask: MarkedSubtask, { state }: JobFacts): void {
  if (state === 'queued' || state === 'delayed' || state === 'active') return;
  recall(draft, id, subtask.generation);
  unmark(draft, id, 'lost');
}

function overdue(draft: Draft, id: string, subtask: AssignedSubtask, facts: JobFacts): void {
  const { now } = draft;
  const node = nodeOf(draft, id);
  if (now - subtask.assignedAt >= node.timeout_ms) {
    recall(draft, id, subtask.generation);
    cascade(draft, id, { control: 'terminate', graceMs: 0, by: 'timeout' });
    return fail(draft, id, timedOut(node));
  }
  const isWaiting = facts.state === 'queued' || facts.state === 'missing';
  if (isWaiting && now - subtask.issuedAt >= ttlMs(node)) {
    recall(draft, id, subtask.generation);
    return setback(draft, id, { code: 'ASSIGNMENT_EXPIRED', message: `Nobody took the assignment within ${ttlMs(node)} ms.` });
  }
  draft.deadlines.set(id, nextCheckAt(node, subtask, now));
  if (facts.state !== 'missing') return;
  if (node.kind === 'workflow') return isPaused(draft) ? undefined : startChildAgain(draft, id, node);
  lost(draft, id, subtask);
}

/** No job, and no reply: it is dispatched again, as another generation, so that nothing of the lost one can be mistaken for it. */
function lost(draft: Draft, id: string, subtask: AssignedSubtask): void {
  if (subtask.generation >= limits.generationsMax)
    return fail(draft, id, { code: 'DISPATCH_LOST', message: `The job was lost ${subtask.generation + 1} times.` });
  recall(draft, id, subtask.generation);
  putBack(draft, id, subtask.tries, 'lost');
}
