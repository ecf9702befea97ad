/** Going back: from what failed, or from a step that somebody names. What is done again gets another generation; everything else stays as it is. */
import { compareOrder } from './context.ts';
import { type Answered, type Draft, recall, reset, statusOf } from './draft.ts';
import { findNode, graphAround, nodeOf, writeOrder } from './frame.ts';
import { needIdsOf } from './gather.ts';
import { edges } from './graph.ts';
import type { Parts, Subtask } from './subtask.ts';
import { itemOf, nestingOf, placeOf, siblingOf } from './subtask-id.ts';
import { run } from './wake.ts';

/** From the failed steps on; what has succeeded stays, also inside composites. */
export function retry(draft: Draft, by: string): Answered {
  return rewind(draft, new Set(), by, (again) => [...again].filter((id) => statusOf(draft, id) === 'failed_permanent'));
}

/** That step and what depends on it, with all their parts, from scratch. What never came to its turn gets it now. */
export function rerun(draft: Draft, from: string, by: string): Answered {
  const { graph } = draft.type;
  if (!graph.nodes.has(from)) return { outcome: 'refused', message: `There is no step "${from}"; there are: ${[...graph.nodes.keys()].join(', ')}.` };
  const anew = new Set([from]);
  for (const id of anew) for (const dependent of edges(graph.dependents, id)) anew.add(dependent);
  return rewind(draft, anew, by, () => [from]);
}

function rewind(draft: Draft, anew: ReadonlySet<string>, by: string, from: (again: ReadonlySet<string>) => readonly string[]): Answered {
  const scratch = new Set(anew);
  const again = new Set(anew);
  const known = wholesFirst(draft);
  for (const id of known) if (!again.has(id) && isBroken(draft.get(id)) && isWanted(draft, id, again)) again.add(id);
  // What waits for something that is done again waits anew: a whole does not go on with parts that were made of what was there before.
  for (const id of again) if (needIdsOf(draft, id).some((need) => again.has(need))) scratch.add(id);
  // What failed by its own verdict, all its parts being well, would only fail again.
  const partlyDone = new Set([...again].flatMap((id) => wholeOf(id) ?? []));
  const redone = new Set([...again].filter((id) => statusOf(draft, id) === 'failed_permanent' && !partlyDone.has(id)));
  for (const id of known) {
    const whole = wholeOf(id);
    if (whole === null || !(scratch.has(whole) || redone.has(whole))) continue;
    scratch.add(id);
    again.add(id);
  }
  draft.events.push({ type: 'workflow_retried', at: draft.now, by, from: from(again) });
  // Parts first: while they are taken out of the counts, their whole still knows them.
  for (const id of known.toReversed()) {
    const subtask = draft.get(id) as Subtask;
    // Somebody may still have it, or be about to take it up; what told agents so was a flag of the whole workflow, which goes now.
    if (subtask.status === 'cancelled') recall(draft, id, subtask.generation);
    if (again.has(id)) putBack(draft, id, again, !scratch.has(id));
  }
  run(draft, draft.now + draft.type.definition.timeout_ms);
  return { outcome: 'applied' };
}

/** Everything recorded that still means something: wholes before their parts, and dependents before what they need. */
function wholesFirst(draft: Draft): readonly string[] {
  const ids = [...draft.workflow.subtasks.keys()].filter((id) => findNode(draft, id) !== undefined);
  const placed = ids.map((id) => ({ id, nesting: nestingOf(id), order: writeOrder(draft, id) }));
  return placed.toSorted((one, other) => one.nesting - other.nesting || compareOrder(other.order, one.order)).map(({ id }) => id);
}

function wholeOf(id: string): string | null {
  const place = placeOf(id);
  return place.in === 'definition' ? null : place.parent;
}

function isBroken(subtask: Subtask | undefined): boolean {
  return subtask?.status === 'cancelled' || (subtask?.status === 'failed_permanent' && subtask.tolerated !== true);
}

/** Not what was cancelled, or lived with, because those behind it had what they needed: they stay done. */
function isWanted(draft: Draft, id: string, again: ReadonlySet<string>): boolean {
  const place = placeOf(id);
  if (place.in !== 'definition' && !again.has(place.parent)) return false;
  const graph = graphAround(draft, place);
  if (graph === null || (place.in === 'definition' && draft.type.inResult.has(id))) return true;
  const dependents = edges(graph.dependents, place.local).map((local) => siblingOf(place, local));
  return dependents.length === 0 || dependents.some((dependent) => again.has(dependent) || statusOf(draft, dependent) === 'pending');
}

/** @param isKept a composite goes on with the parts that it has */
function putBack(draft: Draft, id: string, again: ReadonlySet<string>, isKept: boolean): void {
  const subtask = draft.get(id) as Subtask;
  const generation = subtask.generation + 1;
  const parts = 'parts' in subtask ? subtask.parts : undefined;
  if (!isKept || parts === undefined || parts.kind === 'loop') return reset(draft, id, { status: 'pending', generation, cause: 'retried' });
  reset(draft, id, { status: 'running', generation, assignedAt: draft.now, parts: parts.kind === 'map' ? mapAgain(draft, id, parts, again) : parts });
  draft.deadlines.set(id, draft.now + nodeOf(draft, id).timeout_ms);
}

function mapAgain(draft: Draft, id: string, { items }: Extract<Parts, { kind: 'map' }>, again: ReadonlySet<string>): Parts {
  const begun = items.flatMap((_, index) => (draft.workflow.subtasks.has(itemOf(id, index)) ? [index] : []));
  const open = begun.filter((index) => again.has(itemOf(id, index)));
  return { kind: 'map', items, again: { after: begun.length - open.length, indexes: open } };
}
