/** From core's nouns to the wire: snake_case, ISO 8601. With `subtask-view.ts` and `approval-view.ts` the only place that maps. */
import {
  type CapabilityFacts,
  type EventEntry,
  type RecordedEvent,
  type Waiting,
  type Workflow,
  type WorkflowHeader,
  type WorkflowState,
  type WorkflowStatus,
} from '@baton/core';
import type {
  AgentEntry,
  AgentListView,
  CapabilityView,
  EventListView,
  EventView,
  WhyView,
  WorkflowResultView,
  WorkflowSummaryView,
  WorkflowView,
} from '@baton/protocol';
import { waitingApprovals } from './approval-view.ts';
import { failureView, iso, isoOrNull } from './fields.ts';
import { type LiveFacts, subtaskViews } from './subtask-view.ts';

export function summaryView(header: WorkflowHeader, state: WorkflowState): WorkflowSummaryView {
  const endedAt = 'endedAt' in state ? state.endedAt : null;
  const { conversationId, parent, restartOf } = header;
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
    ...('partialFailures' in state && { partial_failures: state.partialFailures }),
    ...('degraded' in state && { degraded: state.degraded }),
    ...(conversationId !== undefined && { conversation_id: conversationId }),
    ...(parent !== undefined && { parent: { workflow_id: parent.workflowId, subtask_id: parent.subtaskId } }),
    ...(restartOf !== undefined && { restart_of: restartOf }),
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

export function workflowView(workflow: Workflow, live: LiveFacts): WorkflowView {
  const { header, state, view } = workflow;
  const approvals = waitingApprovals(workflow);
  return {
    ...summaryView(header, state),
    revision: workflow.revision,
    params: header.params as WorkflowView['params'],
    ...(Object.keys(view).length > 0 && { context: view as NonNullable<WorkflowView['context']> }),
    ...(state.status === 'paused' && { paused: { at: iso(state.pausedAt), by: state.by } }),
    ...(approvals.length > 0 && { approvals: [...approvals] }),
    ...('result' in state && { result: state.result as WorkflowView['result'] }),
    subtasks: subtaskViews(workflow, live),
  };
}

export function whyView(workflowId: string, { status, waiting }: { readonly status: WorkflowStatus; readonly waiting: readonly Waiting[] }): WhyView {
  const reasons = waiting.map(({ subtaskId, reason, facts, message }) => ({ subtask_id: subtaskId, reason, facts, message }));
  return { workflow_id: workflowId, status, reasons: reasons as WhyView['reasons'] };
}

export function capabilityView({ capability, agents, queued, active, limit }: CapabilityFacts): CapabilityView {
  return { name: capability, agents, queued, active, concurrency: limit };
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
  return { type, at: iso(at), ...Object.fromEntries(fields), ...('until' in event && { until: iso(event.until) }) };
}
