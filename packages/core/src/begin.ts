/** Starting a subtask, by its kind: a table. What a kind starts may settle at once; what follows from that is looked at afterwards. */
import { assignChild, assignTask } from './assign.ts';
import type { Node, NodeKind } from './definition.ts';
import { type Draft, isPaused, put, statusOf } from './draft.ts';
import { evaluate } from './expression.ts';
import { nodeOf, variablesOf } from './frame.ts';
import { concludeWith, needIdsOf } from './gather.ts';
import { valuesOf } from './graph.ts';
import { beginLoop } from './loop.ts';
import { beginMap } from './map.ts';
import { referencesIn } from './reference.ts';
import { fail } from './settle.ts';
import { placeOf } from './subtask-id.ts';
import { beginApproval, beginSignal, beginSleep } from './waiting.ts';
import { hasEnded } from './workflow.ts';

type Begin<Kind extends NodeKind> = (draft: Draft, id: string, node: Extract<Node, { kind: Kind }>) => void;

const kinds: { readonly [Kind in NodeKind]: Begin<Kind> } = {
  task: assignTask,
  plan: assignTask,
  workflow: assignChild,
  map: beginMap,
  loop: beginLoop,
  approval: beginApproval,
  signal: beginSignal,
  sleep: beginSleep,
  gather: (draft, id, node) => concludeWith(draft, id, needIdsOf(draft, id), node.aggregate),
};

/** Begins what is pending and has what it needs; while the workflow is paused it stays as it is. */
export function begin(draft: Draft, id: string): void {
  if (hasEnded(draft.state) || isPaused(draft) || statusOf(draft, id) !== 'pending') return;
  const node = nodeOf(draft, id);
  const reason = skipReason(draft, id, node);
  if (reason !== null) {
    put(draft, id, { status: 'skipped', generation: draft.get(id)?.generation ?? 0, settledAt: draft.now, reason });
    draft.events.push({ type: 'subtask_skipped', at: draft.now, subtaskId: id, reason });
    return;
  }
  if (statusOf(draft, id) === 'pending') (kinds[node.kind] as Begin<NodeKind>)(draft, id, node);
}

/** A condition that is not true, or a result that it cannot do without and that will never be there, because its subtask was skipped. */
function skipReason(draft: Draft, id: string, node: Node): string | null {
  const place = placeOf(id);
  if (place.in === 'map' || place.in === 'loop') return null;
  const skipped = needIdsOf(draft, id).filter((need) => statusOf(draft, need) === 'skipped');
  const missed = skipped.find((need) => refersTo(node, placeOf(need).local));
  if (missed !== undefined) return `${missed} was skipped`;
  if (node.when === undefined) return null;
  const verdict = evaluate(node.when, variablesOf(draft, id));
  if (verdict.ok) return verdict.value === true ? null : `not so: ${node.when}`;
  fail(draft, id, { code: 'EXPRESSION_FAILED', message: `"when" cannot be evaluated: ${verdict.message}` });
  return null;
}

/** By a reference that must be there; one with `?` need not, and waiting for it is no reason. */
function refersTo(node: Node, local: string): boolean {
  return valuesOf(node).some(({ value }) =>
    [...referencesIn(value)].some(
      ({ reference }) => reference?.optional === false && (reference.root === 'previous_result' || (reference.root === 'steps' && reference.path[0] === local)),
    ),
  );
}
