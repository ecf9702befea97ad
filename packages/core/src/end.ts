/** How a workflow ends: with its result, or before its time. */
import { cancel } from './cancel.ts';
import { type Draft, end, generationOf } from './draft.ts';
import { findNode, scopeOf } from './frame.ts';
import type { Json } from './json.ts';
import { limits } from './limits.ts';
import { resolveReferences } from './reference.ts';
import { type Failure, isMarked, isSettled } from './subtask.ts';
import { definitionKey } from './tally.ts';

/** Everything has settled and nothing failed that was needed. */
export function finish(draft: Draft): void {
  const { now, header, type } = draft;
  const { result } = type.definition;
  const resolved = resolveReferences(result ?? leafReferences(type.graph.leaves), scopeOf(draft, null));
  if (!resolved.ok) {
    return stop(draft, 'failed', {
      code: 'UNRESOLVED_REFERENCE',
      message: 'The result refers to values that do not exist.',
      details: resolved.problems as unknown as Json,
    });
  }
  const size = Buffer.byteLength(JSON.stringify(resolved.value));
  if (size > limits.payloadBytesMax) {
    return stop(draft, 'failed', {
      code: 'RESULT_TOO_LARGE',
      message: `The result has ${size} bytes; ${limits.payloadBytesMax} is the limit. Let a step write it to a file and return its URI.`,
    });
  }
  const tally = draft.tally(definitionKey);
  const partialFailures = tally.absent + tally.failed;
  const isDegraded = [...type.graph.nodes.keys()].some((id) => {
    const subtask = draft.get(id);
    return subtask?.status === 'completed' && subtask.degraded === true;
  });
  end(draft, {
    status: 'completed',
    endedAt: now,
    result: resolved.value,
    ...(partialFailures > 0 && { partialFailures }),
    ...(isDegraded && { degraded: true }),
  });
  draft.events.push({ type: 'workflow_completed', at: now, durationMs: now - header.createdAt, ...(partialFailures > 0 && { partialFailures }) });
}

/** Since an earlier decision: an agent may have it. */
function isInQueue(draft: Draft, id: string): boolean {
  const subtask = draft.get(id);
  return isMarked(subtask) || (subtask?.status === 'assigned' && !draft.effects.has(id));
}

function leafReferences(leaves: readonly string[]): Json {
  return Object.fromEntries(leaves.map((id) => [id, `$steps.${id}?`]));
}

export interface Stop {
  /** Handlers may go on for so long before their signals abort. */
  readonly graceMs?: number;
  readonly by?: string;
}

/** Ends the workflow before its time: everything that has not settled is cancelled, and agents that are at work are told. */
export function stop(draft: Draft, status: 'failed' | 'timed_out' | 'cancelled', error: Failure, { graceMs = 0, by = '' }: Stop = {}): void {
  const { now, header, type } = draft;
  const ids = new Set([...type.graph.nodes.keys(), ...draft.workflow.subtasks.keys(), ...draft.subtasks.keys()]);
  // Parts of a plan that was replaced by another are nobody's any more.
  const open = [...ids].filter((id) => findNode(draft, id) !== undefined && !isSettled(draft.get(id)));
  const atWork = open.filter((id) => isInQueue(draft, id)).map((id) => `${id}~${generationOf(draft, id)}`);
  for (const id of open) cancel(draft, id, { graceMs, by });
  end(draft, { status, endedAt: now, error });
  // One flag for all of them.
  for (const key of atWork) draft.control.delete(key);
  if (atWork.length > 0) draft.control.set('*', `cancelled:${now + graceMs}`);
  const durationMs = now - header.createdAt;
  if (status === 'cancelled') draft.events.push({ type: 'workflow_cancelled', at: now, durationMs, by, graceMs });
  else draft.events.push({ type: status === 'failed' ? 'workflow_failed' : 'workflow_timed_out', at: now, durationMs, error });
}
