/** From core's nouns to the wire: snake_case, ISO 8601, and the live state of what runs merged in from the queue. The only place that maps. */
import {
  type EventEntry,
  type Execution,
  type Failure,
  hasEnded,
  type JobFacts,
  type RecordedEvent,
  type Subtask,
  type Workflow,
  type WorkflowHeader,
  type WorkflowState,
} from '@baton/core';
import type { AgentEntry, AgentListView, EventListView, EventView, SubtaskView, WorkflowResultView, WorkflowSummaryView, WorkflowView } from '@baton/protocol';

export function summaryView(header: WorkflowHeader, state: WorkflowState): WorkflowSummaryView {
  const endedAt = 'endedAt' in state ? state.endedAt : null;
  return {
    workflow_id: header.id,
    type: header.type,
    version: header.version,
    status: state.status,
    caller: header.caller,
    created_at: iso(header.createdAt),
    ended_at: isoOrNull(endedAt),
    duration_ms: endedAt === null ? null : endedAt - header.createdAt,
    error: 'error' in state ? failureView(state.error) : null,
  };
}

export function resultView(header: WorkflowHeader, state: WorkflowState): WorkflowResultView {
  return {
    workflow_id: header.id,
    status: state.status,
    ...('result' in state && { result: state.result as WorkflowResultView['result'] }),
    error: 'error' in state ? failureView(state.error) : null,
  };
}

/** @param facts of the subtasks that are assigned, by id */
export function workflowView(workflow: Workflow, facts: ReadonlyMap<string, JobFacts>, now: number): WorkflowView {
  const { header, state, type } = workflow;
  return {
    ...summaryView(header, state),
    revision: workflow.revision,
    params: header.params as WorkflowView['params'],
    ...('result' in state && { result: state.result as WorkflowView['result'] }),
    subtasks: [...type.graph.nodes].map(([id, node]) => ({
      subtask_id: id,
      capability: node.capability,
      needs: [...(type.graph.needs.get(id) ?? [])],
      ...recordView(workflow.subtasks.get(id), hasEnded(state) ? undefined : facts.get(id), now),
    })),
  };
}

export function agentsView(agents: readonly AgentEntry[]): AgentListView {
  return {
    agents: agents.map(({ id, name, version, host, pid, heartbeat_at, concurrency, capabilities }) => ({
      id,
      name,
      version,
      host,
      pid,
      heartbeat_at,
      concurrency,
      capabilities: capabilities.map((capability) => capability.name),
    })),
  };
}

/** @param limit how many entries were asked for: a full page has a next one */
export function eventsView(entries: readonly EventEntry[], limit: number): EventListView {
  return {
    entries: entries.map(({ id, hash, events }) => ({ id, hash, events: events.map(eventView) })),
    next_after: entries.length < limit ? null : (entries.at(-1)?.id ?? null),
  };
}

function eventView(event: RecordedEvent): EventView {
  const { type, at, ...rest } = event;
  const fields = Object.entries(rest).map(([key, value]) => [key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`), value as unknown] as const);
  return { type, at: iso(at), ...Object.fromEntries(fields) };
}

type RecordView = Omit<SubtaskView, 'subtask_id' | 'capability' | 'needs'>;

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

function recordView(subtask: Subtask | undefined, facts: JobFacts | undefined, now: number): RecordView {
  if (subtask === undefined) return untouched;
  const { status, generation } = subtask;
  switch (subtask.status) {
    case 'assigned': {
      const assigned = { ...untouched, status, generation, assigned_at: iso(subtask.assignedAt), duration_ms: now - subtask.assignedAt };
      return { ...assigned, ...(facts && liveView(facts)) };
    }
    case 'cancelled':
      return { ...untouched, status, generation, ended_at: iso(subtask.settledAt) };
    case 'completed':
    case 'failed_permanent':
      return {
        ...untouched,
        status,
        generation,
        ...executionView(subtask.execution),
        assigned_at: isoOrNull(subtask.assignedAt),
        ended_at: iso(subtask.settledAt),
        duration_ms: subtask.assignedAt === null ? null : subtask.settledAt - subtask.assignedAt,
        ...(subtask.status === 'completed' ? { result: subtask.result as SubtaskView['result'] } : { error: failureView(subtask.error) }),
      };
  }
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

function failureView({ code, message, details }: Failure): NonNullable<SubtaskView['error']> {
  return { code, message, ...(details !== undefined && { details: details as NonNullable<SubtaskView['error']>['details'] }) };
}

function iso(at: number): string {
  return new Date(at).toISOString();
}

function isoOrNull(at: number | null): string | null {
  return at === null ? null : iso(at);
}
