/** How a workflow moves: what starts, what a report settles, what becomes ready by it, and how the whole ends. */
import { strict as assert } from 'node:assert';
import type { Report } from './assignment.ts';
import { type Draft, end, meetNeed, nodeOf, put, subtaskOf } from './draft.ts';
import { edges } from './graph.ts';
import type { Json } from './json.ts';
import { limits } from './limits.ts';
import { resolveReferences, type Scope, valueAt } from './reference.ts';
import { schemaProblems } from './schema.ts';
import { type AssignedSubtask, type Execution, type Failure, isSettled } from './subtask.ts';
import { hasEnded } from './workflow.ts';

/** Nobody has replied for this long: ask the queue. */
export const reconcileAfterMs = 60_000;

export function begin(draft: Draft): void {
  const { workflow, now } = draft;
  if (draft.state.status !== 'pending') return;
  const expiresAt = now + workflow.type.definition.timeout_ms;
  draft.state = { status: 'running', expiresAt };
  draft.deadlines.set(null, expiresAt);
  draft.events.push({ type: 'workflow_started', at: now, caller: workflow.header.caller });
  for (const id of workflow.type.graph.roots) assign(draft, id, 0);
}

/** A report of a dispatch that is not the current one, or of a subtask that has settled, changes nothing. */
export function settle(draft: Draft, { subtaskId, generation, outcome, execution }: Report): void {
  const subtask = current(draft, subtaskId, generation);
  if (subtask === null) return;
  if (outcome.status === 'failed') return fail(draft, subtaskId, outcome.error, execution);
  const { output } = nodeOf(draft, subtaskId);
  const problems = output === undefined ? [] : schemaProblems(output, outcome.result);
  if (problems.length === 0) return complete(draft, subtaskId, subtask, outcome.result, execution);
  fail(
    draft,
    subtaskId,
    { code: 'INVALID_OUTPUT', message: 'The result does not fit the output schema of the subtask.', details: problems as unknown as Json },
    execution,
  );
}

/** The assigned subtask that a report or a check is about, or null if it came too late. */
export function current(draft: Draft, subtaskId: string, generation: number): AssignedSubtask | null {
  const subtask = subtaskOf(draft, subtaskId);
  return subtask?.status === 'assigned' && subtask.generation === generation ? subtask : null;
}

function complete(draft: Draft, id: string, { generation, assignedAt }: AssignedSubtask, result: Json, execution: Execution | undefined): void {
  const { now, workflow } = draft;
  put(draft, id, { status: 'completed', generation, assignedAt, settledAt: now, result, ...(execution && { execution }) });
  draft.events.push({
    type: 'subtask_completed',
    at: now,
    subtaskId: id,
    generation,
    capability: nodeOf(draft, id).capability,
    agent: execution?.agent ?? null,
    attempt: execution?.attempt ?? null,
    durationMs: now - assignedAt,
  });
  for (const dependent of edges(workflow.type.graph.dependents, id)) {
    if (meetNeed(draft, dependent)) assign(draft, dependent, 0);
  }
  if (draft.unsettled === 0 && !hasEnded(draft.state)) finish(draft);
}

/** Dispatches the subtask under the given generation, its references resolved; what cannot be resolved is a failure. */
export function assign(draft: Draft, id: string, generation: number): void {
  const { workflow, now } = draft;
  const node = nodeOf(draft, id);
  if (hasEnded(draft.state)) return;
  const parameters = resolveReferences(node.params, scopeOf(draft));
  if (!parameters.ok) {
    return fail(draft, id, {
      code: 'UNRESOLVED_REFERENCE',
      message: 'The parameters refer to values that do not exist.',
      details: parameters.problems as unknown as Json,
    });
  }
  const size = Buffer.byteLength(JSON.stringify(parameters.value));
  if (size > limits.payloadBytesMax) {
    return fail(draft, id, {
      code: 'PAYLOAD_TOO_LARGE',
      message: `The parameters have ${size} bytes; ${limits.payloadBytesMax} is the limit. Pass data by URI.`,
    });
  }
  const previous = subtaskOf(draft, id);
  const assignedAt = previous?.status === 'assigned' ? previous.assignedAt : now;
  put(draft, id, { status: 'assigned', generation, assignedAt });
  draft.dispatches.set(id, {
    workflowId: workflow.header.id,
    workflowType: `${workflow.header.type}@${workflow.header.version}`,
    partition: workflow.partition,
    subtaskId: id,
    generation,
    capability: node.capability,
    parameters: parameters.value as Record<string, Json>,
    retry: { attempts: node.retry.attempts, backoffMs: node.retry.backoff_ms, backoffMsMax: node.retry.backoff_max_ms, jitter: node.retry.jitter },
    attemptTimeoutMs: node.attempt_timeout_ms,
    ttlMs: Math.max(0, assignedAt + ttlMs(node) - now),
    issuedAt: now,
  });
  draft.deadlines.set(id, nextCheckAt(draft, id, assignedAt));
  draft.events.push({ type: 'subtask_assigned', at: now, subtaskId: id, generation, capability: node.capability });
}

/** An assignment may be taken up until then, counted from when it was first made. */
export function ttlMs(node: { readonly ttl_ms?: number | undefined; readonly timeout_ms: number }): number {
  return Math.min(node.ttl_ms ?? node.timeout_ms, node.timeout_ms);
}

/** The next moment at which something may be due: the end of the time to live or of the subtask, or to ask the queue. */
export function nextCheckAt(draft: Draft, id: string, assignedAt: number): number {
  const node = nodeOf(draft, id);
  const moments = [assignedAt + ttlMs(node), assignedAt + node.timeout_ms, draft.now + reconcileAfterMs];
  return Math.min(...moments.filter((at) => at > draft.now));
}

/** The subtask has failed for good, and with it the workflow: nothing else of it starts, and what runs is not waited for. */
export function fail(draft: Draft, id: string, error: Failure, execution?: Execution): void {
  const { now } = draft;
  const subtask = subtaskOf(draft, id);
  const [generation, assignedAt] = subtask?.status === 'assigned' ? [subtask.generation, subtask.assignedAt] : [0, null];
  put(draft, id, { status: 'failed_permanent', generation, assignedAt, settledAt: now, error, ...(execution && { execution }) });
  draft.events.push({
    type: 'subtask_failed',
    at: now,
    subtaskId: id,
    generation,
    capability: nodeOf(draft, id).capability,
    agent: execution?.agent ?? null,
    attempt: execution?.attempt ?? null,
    durationMs: now - (assignedAt ?? now),
    error,
  });
  stop(draft, 'failed', { code: 'SUBTASK_FAILED', message: `Subtask "${id}" failed: ${error.message}`, details: { subtask_id: id, code: error.code } });
}

export function timeOut(draft: Draft): void {
  const { state, now, workflow } = draft;
  if (state.status !== 'running') return;
  if (now < state.expiresAt) return void draft.deadlines.set(null, state.expiresAt);
  stop(draft, 'timed_out', { code: 'WORKFLOW_TIMEOUT', message: `The workflow was not done within ${workflow.type.definition.timeout_ms} ms.` });
}

/** Ends the workflow before its time: everything that has not settled is cancelled. */
function stop(draft: Draft, status: 'failed' | 'timed_out', error: Failure): void {
  const { workflow, now } = draft;
  end(draft, { status, endedAt: now, error });
  for (const id of workflow.type.graph.nodes.keys()) {
    const subtask = subtaskOf(draft, id);
    if (isSettled(subtask)) continue;
    put(draft, id, { status: 'cancelled', generation: subtask?.status === 'assigned' ? subtask.generation : 0, settledAt: now });
    draft.events.push({ type: 'subtask_cancelled', at: now, subtaskId: id });
  }
  draft.events.push({ type: status === 'failed' ? 'workflow_failed' : 'workflow_timed_out', at: now, durationMs: now - workflow.header.createdAt, error });
}

/** All subtasks are completed. */
function finish(draft: Draft): void {
  const { workflow, now } = draft;
  const { result } = workflow.type.definition;
  const scope = scopeOf(draft);
  const resolved = resolveReferences(result ?? leafReferences(workflow.type.graph.leaves), scope);
  if (!resolved.ok) {
    return stop(draft, 'failed', {
      code: 'UNRESOLVED_REFERENCE',
      message: 'The result refers to values that do not exist.',
      details: resolved.problems as unknown as Json,
    });
  }
  end(draft, { status: 'completed', endedAt: now, result: resolved.value });
  draft.events.push({ type: 'workflow_completed', at: now, durationMs: now - workflow.header.createdAt });
}

function leafReferences(leaves: readonly string[]): Json {
  return Object.fromEntries(leaves.map((id) => [id, `$steps.${id}`]));
}

function scopeOf(draft: Draft): Scope {
  return (root, path) => {
    if (root === 'params') return valueAt(draft.workflow.header.params, path);
    if (root === 'context') return undefined;
    const [id, ...rest] = path as [string, ...string[]];
    const subtask = subtaskOf(draft, id);
    assert(subtask?.status === 'completed', `a reference to ${id} was resolved before it completed`);
    return valueAt(subtask.result, rest);
  };
}
