/** What is recorded of one subtask, on the wire, with the live state of its job merged in. */
import type { CompletedSubtask, Execution, FailedSubtask, JobFacts, Parts, Subtask, Tries, WaitingSubtask } from '@baton/core';
import type { SubtaskView } from '@baton/protocol';
import { failureView, iso, isoOrNull } from './fields.ts';

type RecordView = Omit<SubtaskView, 'subtask_id' | 'kind' | 'capability' | 'needs'>;

const untouched: RecordView = {
  status: 'pending',
  generation: null,
  assigned_to: null,
  attempts: 0,
  assigned_at: null,
  started_at: null,
  ended_at: null,
  duration_ms: null,
  progress: null,
  retry_at: null,
  error: null,
};

/** @param now ms since the epoch */
export function recordView(subtask: Subtask | undefined, facts: JobFacts | undefined, now: number): RecordView {
  if (subtask === undefined) return untouched;
  const known: RecordView = {
    ...untouched,
    status: subtask.status,
    generation: subtask.generation,
    ...('tries' in subtask && triesView(subtask.tries)),
    ...('parts' in subtask && partsView(subtask.parts)),
  };
  switch (subtask.status) {
    case 'pending':
      return known;
    case 'assigned':
      return { ...known, ...since(subtask.assignedAt, now), ...(facts && liveView(facts)) };
    case 'retrying':
      return { ...known, ...since(subtask.assignedAt, now), retry_at: iso(subtask.until) };
    case 'running':
      return { ...known, ...since(subtask.assignedAt, now), ...(subtask.parts.kind === 'plan' && executionView(subtask.parts.execution)) };
    case 'waiting':
      return { ...known, ...since(subtask.assignedAt, now), waiting_for: waitingView(subtask) };
    case 'skipped':
      return { ...known, ended_at: iso(subtask.settledAt), skipped_reason: subtask.reason };
    case 'cancelled':
      return { ...known, ended_at: iso(subtask.settledAt) };
    case 'completed':
    case 'failed_permanent':
      return { ...known, ...endView(subtask) };
  }
}

function since(assignedAt: number, now: number): Pick<RecordView, 'assigned_at' | 'duration_ms'> {
  return { assigned_at: iso(assignedAt), duration_ms: now - assignedAt };
}

function endView(subtask: CompletedSubtask | FailedSubtask): Partial<RecordView> {
  const { assignedAt, settledAt, execution } = subtask;
  const ended = {
    ...executionView(execution),
    assigned_at: isoOrNull(assignedAt),
    ended_at: iso(settledAt),
    duration_ms: assignedAt === null ? null : settledAt - assignedAt,
  };
  if (subtask.status === 'failed_permanent') return { ...ended, error: failureView(subtask.error), ...(subtask.tolerated && { tolerated: true }) };
  const { result, degraded, dissent } = subtask;
  return {
    ...ended,
    result: result as SubtaskView['result'],
    ...(degraded && { degraded }),
    ...(dissent !== undefined && dissent.length > 0 && { dissent: [...dissent] }),
  };
}

/** What the queue knows of an assigned subtask's job. Done there but not settled yet still counts as running. */
function liveView(facts: JobFacts): Partial<RecordView> {
  switch (facts.state) {
    case 'active':
      return {
        status: 'running',
        assigned_to: facts.agent,
        attempts: facts.attempt,
        started_at: isoOrNull(facts.startedAt),
        progress: facts.progress && { ...facts.progress },
      };
    case 'delayed':
      return {
        status: 'retrying',
        attempts: facts.attemptsMade,
        retry_at: iso(facts.until),
        error: facts.lastError === null ? null : { code: 'attempt_failed', message: facts.lastError },
      };
    case 'completed':
      return facts.report === null ? {} : { status: 'running', ...executionView(facts.report.execution) };
    case 'queued':
    case 'missing':
    case 'failed':
      return {};
  }
}

function executionView(execution: Execution | undefined): Partial<RecordView> {
  return execution === undefined ? {} : { assigned_to: execution.agent, attempts: execution.attempt, started_at: iso(execution.startedAt) };
}

/** Nothing to tell where nothing but the first capability was tried. */
function triesView(tries: Tries | undefined): Partial<RecordView> {
  if (tries === undefined || tries.fallback + tries.repairs + tries.overloads === 0) return {};
  const { fallback, repairs, overloads } = tries;
  return { tries: { fallback, repairs, overloads } };
}

function partsView(parts: Parts | undefined): Partial<RecordView> {
  if (parts?.kind === 'map') return { items: parts.items.length };
  if (parts?.kind === 'loop') return { round: parts.round, rounds: parts.rounds.map(({ score }) => ({ score })) };
  return {};
}

function waitingView({ for: what }: WaitingSubtask): NonNullable<RecordView['waiting_for']> {
  const { kind } = what;
  if (kind === 'sleep') return { kind, until: iso(what.until) };
  return { kind, until: iso(what.expiresAt), ...(kind === 'signal' && { signal: what.signal }) };
}
