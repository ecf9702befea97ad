/**
 * What a subtask comes to: completed, or the order of failure. What does not fit goes back for repair, then to the fallbacks in turn, then it is
 * null if the subtask is optional, then it is a failure for good. Each step of that is an event of its own.
 */

import { mayWrite, outranks } from './context.ts';
import type { Node, WorkNode } from './definition.ts';
import { type Draft, isPaused, put, reset } from './draft.ts';
import { evaluate } from './expression.ts';
import { askedCapability, nodeOf, writeOrder } from './frame.ts';
import type { Json, JsonObject, Problem } from './json.ts';
import { limits } from './limits.ts';
import { schemaProblems } from './schema.ts';
import {
  type AssignedSubtask,
  type AssignmentCause,
  type CompletedSubtask,
  type Execution,
  type Failure,
  type Feedback,
  type RetryingSubtask,
  type Tries,
} from './subtask.ts';

export const noTries: Tries = { fallback: 0, repairs: 0, overloads: 0 };

export interface Conclusion extends Partial<Pick<CompletedSubtask, 'execution' | 'degraded' | 'dissent'>> {
  readonly contextUpdate?: JsonObject | undefined;
}

/** The subtask has a result: if it holds what it promises, it is completed. */
export function conclude(draft: Draft, id: string, result: Json, conclusion: Conclusion = {}): void {
  const node = nodeOf(draft, id);
  const problems = resultProblems(node, result, draft.header.params);
  if (problems.length === 0) return complete(draft, id, result, conclusion);
  setback(draft, id, misfit('INVALID_OUTPUT', 'The result does not hold what the subtask promises:', problems, result), conclusion.execution);
}

/** What an agent brings must fit into the record. */
export function sizeProblem(result: Json): Problem | null {
  const size = sizeOf(result);
  return size <= limits.payloadBytesMax
    ? null
    : { path: '', code: 'too_large', message: `it has ${size} bytes; ${limits.payloadBytesMax} is the limit. Write it to a file and return its URI.` };
}

function sizeOf(value: Json): number {
  return Buffer.byteLength(JSON.stringify(value));
}

/** The failure of a result that does not fit, with all that a repair needs; the result itself only if it is of a size to be sent back, and to stand in the event log. */
export function misfit(code: string, lead: string, problems: readonly Problem[], result: Json): Failure {
  const message = `${lead} ${problems.map((problem) => `${problem.path} ${problem.message}`.trim()).join('; ')}`;
  const isSentBack = sizeOf(result) <= limits.heldInlineBytesMax;
  return { code, message, details: { problems, ...(isSentBack && { output: result }) } as unknown as Json };
}

function resultProblems(node: Node, result: Json, params: JsonObject): readonly Problem[] {
  const tooLarge = sizeProblem(result);
  if (tooLarge !== null) return [tooLarge];
  const misfits = node.output === undefined ? [] : schemaProblems(node.output, result);
  const broken = node.rules.flatMap(({ rule, message }) => {
    const verdict = evaluate(rule, { output: result, params });
    if (verdict.ok && verdict.value === true) return [];
    return [{ path: '', code: 'rule', message: verdict.ok ? message : `${message} (${rule}: ${verdict.message})` }];
  });
  return [...misfits, ...broken];
}

function complete(draft: Draft, id: string, result: Json, { execution, degraded, dissent, contextUpdate }: Conclusion): void {
  const { at } = draft;
  const before = draft.get(id);
  const generation = before?.generation ?? 0;
  const assignedAt = before !== undefined && 'assignedAt' in before ? (before.assignedAt as number) : at;
  put(draft, id, {
    status: 'completed',
    generation,
    assignedAt,
    settledAt: at,
    result,
    ...(execution && { execution }),
    ...(before !== undefined && 'tries' in before && before.tries && { tries: before.tries }),
    ...(degraded && { degraded }),
    ...(dissent !== undefined && dissent.length > 0 && { dissent }),
    ...(before !== undefined && 'parts' in before && before.parts && { parts: before.parts }),
  });
  draft.events.push({ type: 'subtask_completed', at, subtaskId: id, generation, ...who(draft, id, execution), durationMs: at - assignedAt });
  if (contextUpdate !== undefined) writeContext(draft, id, contextUpdate);
}

/** Only the paths that the step declares; what it may not write is refused and recorded. */
function writeContext(draft: Draft, id: string, update: JsonObject): void {
  const { writes } = nodeOf(draft, id);
  const order = writeOrder(draft, id);
  const known = (path: string) => draft.context.get(path) ?? draft.workflow.context.get(path);
  let room = limits.contextPathsMax - new Set([...draft.workflow.context.keys(), ...draft.context.keys()]).size;
  const paths = Object.keys(update).filter((path) => mayWrite(writes, path) && (known(path) !== undefined || room-- > 0));
  for (const path of paths) {
    if (outranks(order, known(path))) draft.write(path, { value: update[path] as Json, by: id, order });
  }
  const refused = Object.keys(update).filter((path) => !paths.includes(path));
  if (paths.length + refused.length > 0) draft.events.push({ type: 'context_updated', at: draft.now, subtaskId: id, paths, refused });
}

/** A dispatch came to nothing: the next thing to try, or the end of it. */
export function setback(draft: Draft, id: string, error: Failure, execution?: Execution): void {
  const node = nodeOf(draft, id);
  const subtask = draft.get(id);
  if ((node.kind !== 'task' && node.kind !== 'plan') || subtask?.status !== 'assigned') return fail(draft, id, error, execution);
  const tries = subtask.tries ?? noTries;
  if (tries.repairs < repairsMax(node, error)) {
    return again(draft, id, subtask, { ...tries, repairs: tries.repairs + 1, feedback: feedbackOf(error) }, 'repair', error);
  }
  if (error.code !== 'SUBTASK_TIMEOUT' && tries.fallback < node.fallback.length) {
    return again(draft, id, subtask, { fallback: tries.fallback + 1, repairs: 0, overloads: 0 }, 'fallback', error);
  }
  fail(draft, id, error, execution);
}

/** How often a result that is wrong in this way goes back. */
function repairsMax(node: WorkNode, { code }: Failure): number {
  if (code === 'INVALID_OUTPUT') return node.repairs;
  return code === 'INVALID_PLAN' && node.kind === 'plan' ? node.replans : 0;
}

function feedbackOf({ message, details }: Failure): Feedback {
  const { problems, output } = (details ?? {}) as { problems?: readonly Problem[]; output?: Json };
  return { problems: problems ?? [{ path: '', code: 'invalid', message }], previousOutput: output ?? null };
}

/** Back to pending under the next generation: what is dispatched next is told apart from what was. */
function again(draft: Draft, id: string, { generation }: AssignedSubtask, tries: Tries, next: 'repair' | 'fallback', error: Failure): void {
  draft.events.push({ type: 'subtask_setback', at: draft.now, subtaskId: id, generation, capability: who(draft, id).capability, next, error });
  if (generation >= limits.generationsMax) return fail(draft, id, error);
  putBack(draft, id, tries, next);
}

/** @param tries what was tried so far, to go on from there */
export function putBack(draft: Draft, id: string, tries: Tries | undefined, cause: AssignmentCause): void {
  const subtask = draft.get(id) as AssignedSubtask | RetryingSubtask;
  const { generation, assignedAt } = subtask;
  const next = triesAfter(cause, generation, tries);
  reset(draft, id, { status: 'pending', generation: generation + 1, since: assignedAt, ...(next && { tries: next }), cause });
  if (!isPaused(draft)) draft.todo.push({ kind: 'begin', id });
}

/** The next dispatch goes on with the work of this one, which an agent may have begun. */
export function sameWork(generation: number, tries: Tries | undefined): Tries {
  return { ...noTries, ...tries, sameAs: tries?.sameAs ?? generation };
}

/** What was held or lost goes on; every other dispatch is another piece of work, with effects of its own. */
function triesAfter(cause: AssignmentCause, generation: number, tries: Tries | undefined): Tries | undefined {
  if (cause === 'resumed' || cause === 'lost') return sameWork(generation, tries);
  if (tries?.sameAs === undefined) return tries;
  const { sameAs: _, ...own } = tries;
  return own;
}

/** For good. What the subtask's failure means for the rest is decided when it is looked at. */
export function fail(draft: Draft, id: string, error: Failure, execution?: Execution): void {
  const { at } = draft;
  const before = draft.get(id);
  const { optional } = nodeOf(draft, id);
  const [generation, assignedAt] = [before?.generation ?? 0, before !== undefined && 'assignedAt' in before ? before.assignedAt : null];
  put(draft, id, {
    status: 'failed_permanent',
    generation,
    assignedAt,
    settledAt: at,
    error,
    ...(execution && { execution }),
    ...(before !== undefined && 'tries' in before && before.tries && { tries: before.tries }),
    ...(optional && { tolerated: true }),
    ...(before !== undefined && 'parts' in before && before.parts && { parts: before.parts }),
  });
  draft.events.push({
    type: 'subtask_failed',
    at,
    subtaskId: id,
    generation,
    ...who(draft, id, execution),
    durationMs: at - (assignedAt ?? at),
    error,
    ...(optional && { tolerated: true }),
  });
}

function who(draft: Draft, id: string, execution?: Execution): { readonly capability: string; readonly agent: string | null; readonly attempt: number | null } {
  return { capability: askedCapability(draft, id), agent: execution?.agent ?? null, attempt: execution?.attempt ?? null };
}

export function timedOut({ timeout_ms }: Node): Failure {
  return { code: 'SUBTASK_TIMEOUT', message: `The subtask was not done within ${timeout_ms} ms.` };
}
