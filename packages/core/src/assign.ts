/** Handing work out: to the agents of a capability, or to a workflow of its own. */
import type { Assignment } from './assignment.ts';
import { nextCheckAt, ttlMs } from './deadline.ts';
import type { Node, PlanNode, TaskNode, WorkflowNode } from './definition.ts';
import { type Draft, generationOf, put, recall } from './draft.ts';
import { askedCapability, scopeOf } from './frame.ts';
import { childIdOf, dispatchId } from './identity.ts';
import type { Json, JsonObject } from './json.ts';
import { limits } from './limits.ts';
import { isConfirmed, unmark } from './mark.ts';
import { resolveReferences } from './reference.ts';
import { settleReport } from './report.ts';
import { fail, timedOut } from './settle.ts';
import { type AssignmentCause, isMarked, type MarkedSubtask, type Tries, triesOf } from './subtask.ts';

/** A value with its references replaced, and its bytes as JSON; if that cannot be, the subtask fails and there is none. */
export function resolvedFor(
  draft: Draft,
  id: string,
  value: Json,
  bytesMax: number = limits.payloadBytesMax,
): { readonly value: Json; readonly bytes: number } | null {
  const resolved = resolveReferences(value, scopeOf(draft, id));
  if (!resolved.ok) {
    fail(draft, id, {
      code: 'UNRESOLVED_REFERENCE',
      message: 'The parameters refer to values that do not exist.',
      details: resolved.problems as unknown as Json,
    });
    return null;
  }
  const bytes = Buffer.byteLength(JSON.stringify(resolved.value));
  if (bytes <= bytesMax) return { value: resolved.value, bytes };
  fail(draft, id, { code: 'PAYLOAD_TOO_LARGE', message: `The parameters have ${bytes} bytes; ${bytesMax} is the limit. Pass data by URI.` });
  return null;
}

/** Hands the subtask to the agents of the capability that is to be asked now; where they have it already, as part of a tree, that is recorded. */
export function assignTask(draft: Draft, id: string, node: TaskNode | PlanNode): void {
  const leftMs = timeLeftMs(draft, id, node);
  if (leftMs <= 0) return fail(draft, id, timedOut(node));
  const parameters = resolvedFor(draft, id, node.params);
  if (parameters === null) return;
  const mark = confirmedMark(draft, id);
  // In a tree it could begin as soon as what it waited for was done, whenever that is recorded.
  const at = mark === null ? draft.now : draft.at;
  const { generation, tries, cause } = assigned(draft, id, node, at);
  const capability = askedCapability(draft, id);
  draft.events.push({ type: 'subtask_assigned', at, subtaskId: id, generation, capability, ...(cause && { cause }) });
  if (mark === null) {
    const given = { parameters: parameters.value as JsonObject, parametersBytes: parameters.bytes };
    const assignment = assignmentOf(draft, id, node, { generation, capability, ...given, leftMs, tries });
    draft.effects.set(id, { kind: 'dispatch', assignment, inputs: [] });
  } else if (mark.reported !== undefined) settleReport(draft, mark.reported);
}

/** The mark that it has, if it still holds; one that does not is dropped, and the agents are told. */
function confirmedMark(draft: Draft, id: string): MarkedSubtask | null {
  const subtask = draft.get(id);
  if (!isMarked(subtask)) return null;
  if (isConfirmed(draft, subtask)) return subtask;
  recall(draft, id, subtask.generation);
  unmark(draft, id, 'blocked');
  return null;
}

interface Ordered {
  readonly generation: number;
  readonly capability: string;
  readonly parameters: JsonObject;
  readonly parametersBytes: number;
  readonly leftMs: number;
  readonly tries?: Tries | undefined;
}

/** The message of a dispatch that is made now. */
export function assignmentOf(
  { header, workflow, now }: Draft,
  id: string,
  node: TaskNode | PlanNode,
  { generation, capability, parameters, parametersBytes, leftMs, tries }: Ordered,
): Assignment {
  return {
    workflowId: header.id,
    workflowType: `${header.type}@${header.version}`,
    partition: workflow.partition,
    subtaskId: id,
    generation,
    capability,
    parameters,
    parametersBytes,
    ...(tries?.sameAs !== undefined && { idempotencyKey: dispatchId(header.id, id, tries.sameAs) }),
    ...(tries?.feedback && { repair: tries.feedback }),
    retry: { attempts: node.retry.attempts, backoffMs: node.retry.backoff_ms, backoffMsMax: node.retry.backoff_max_ms, jitter: node.retry.jitter },
    attemptTimeoutMs: node.attempt_timeout_ms,
    ttlMs: Math.min(ttlMs(node), leftMs),
    issuedAt: now,
  };
}

/** Hands the subtask to a workflow of its own, whose end will be its reply. */
export function assignChild(draft: Draft, id: string, node: WorkflowNode): void {
  const depth = (draft.header.depth ?? 0) + 1;
  if (depth > limits.depthMax) {
    return fail(draft, id, { code: 'TOO_DEEP', message: `Workflows may stand ${limits.depthMax} deep in each other; this one would be at ${depth}.` });
  }
  const params = resolvedFor(draft, id, node.params);
  if (params === null) return;
  const { generation } = assigned(draft, id, node);
  startChild(draft, id, node, params.value, generation);
  draft.events.push({ type: 'subtask_assigned', at: draft.now, subtaskId: id, generation, capability: 'workflow' });
}

/** Nobody knows whether the child was started: started once more it is the same one, for its id comes from the dispatch. */
export function startChildAgain(draft: Draft, id: string, node: WorkflowNode): void {
  const params = resolvedFor(draft, id, node.params);
  if (params !== null) startChild(draft, id, node, params.value, generationOf(draft, id));
}

function startChild({ header, now, effects }: Draft, id: string, { type, version }: WorkflowNode, params: Json, generation: number): void {
  const parent = { workflowId: header.id, subtaskId: id, generation };
  const start = {
    parent,
    workflowId: childIdOf(header.id, id, generation),
    type,
    version,
    params,
    caller: header.caller,
    depth: (header.depth ?? 0) + 1,
    issuedAt: now,
  };
  effects.set(id, { kind: 'start_child', start });
}

/** Its time goes on from when it was assigned first. */
function timeLeftMs({ get, now }: Draft, id: string, { timeout_ms }: Node): number {
  const before = get(id);
  return timeout_ms - (before?.status === 'pending' && before.since !== undefined ? now - before.since : 0);
}

function assigned(
  draft: Draft,
  id: string,
  node: Node,
  at = draft.now,
): { readonly generation: number; readonly tries: Tries | undefined; readonly cause: AssignmentCause | undefined } {
  const before = draft.get(id);
  const generation = generationOf(draft, id);
  const tries = triesOf(before);
  const assignedAt = at + timeLeftMs(draft, id, node) - node.timeout_ms;
  put(draft, id, { status: 'assigned', generation, assignedAt, issuedAt: at, ...(tries && { tries }) });
  draft.deadlines.set(id, nextCheckAt(node, { assignedAt, issuedAt: at }, draft.now));
  return { generation, tries, cause: before?.status === 'pending' ? before.cause : undefined };
}
