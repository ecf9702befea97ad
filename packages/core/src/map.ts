/** Fan-out over a list: so many items at the same time, each a part `map[i]`; its own join and aggregation. */
import { resolvedFor } from './assign.ts';
import type { MapNode } from './definition.ts';
import { type Draft, generationOf, put, statusOf } from './draft.ts';
import { nodeOf } from './frame.ts';
import { concludeWith, votesOf } from './gather.ts';
import { joinVerdict, onePerVoter } from './join.ts';
import { isJsonArray } from './json.ts';
import { limits } from './limits.ts';
import { fail } from './settle.ts';
import type { Parts } from './subtask.ts';
import { itemOf } from './subtask-id.ts';
import { partsKey, settledIn } from './tally.ts';

type ItemsOf = Extract<Parts, { kind: 'map' }>;

export function beginMap(draft: Draft, id: string, node: MapNode): void {
  const over = resolvedFor(draft, id, node.over);
  if (over === null) return;
  const items = over.value;
  if (!isJsonArray(items)) return fail(draft, id, { code: 'NO_LIST', message: 'What the map goes over is no list.' });
  if (items.length > limits.mapItemsMax) {
    return fail(draft, id, {
      code: 'TOO_MANY_ITEMS',
      message: `The list has ${items.length} items; ${limits.mapItemsMax} is the limit. Split it over several workflows.`,
    });
  }
  put(draft, id, { status: 'running', generation: generationOf(draft, id), assignedAt: draft.now, parts: { kind: 'map', items } });
  draft.deadlines.set(id, draft.now + node.timeout_ms);
  continueMap(draft, id);
}

/**
 * An item has settled, or the map begins or goes on after a pause: decided, or more items begin.
 *
 * @param fromStart look at every item that may be at work: some were put back
 */
export function continueMap(draft: Draft, id: string, { fromStart } = { fromStart: false }): void {
  const map = draft.get(id);
  const node = nodeOf(draft, id);
  if (map?.status !== 'running' || map.parts.kind !== 'map' || node.kind !== 'map') return;
  const total = map.parts.items.length;
  const tally = draft.tally(partsKey(id));
  const ids = () => Array.from({ length: total }, (_, index) => itemOf(id, index));
  const verdict = total === 0 ? 'ready' : joinVerdict(node.until, tally, total, () => onePerVoter(votesOf(draft, ids())).length);
  if (verdict === 'open') return beginItems(draft, id, map.parts, { end: Math.min(total, node.concurrency + settledIn(tally)), fromStart });
  if (verdict === 'ready') concludeWith(draft, id, ids(), node.aggregate);
  else fail(draft, id, { code: 'ITEMS_FAILED', message: failureOf(draft, id, total) });
}

/** Items begin in their order, after a retry those first that are done again; so the first one that has begun, looking backwards, ends the search. */
function beginItems(draft: Draft, id: string, { again }: ItemsOf, { end, fromStart }: { readonly end: number; readonly fromStart: boolean }): void {
  const start = again?.after ?? 0;
  const itemAt = (place: number) => itemOf(id, again?.indexes[place - start] ?? place);
  let from = fromStart ? start : end;
  while (from > start && statusOf(draft, itemAt(from - 1)) === 'pending') from -= 1;
  for (let place = from; place < end; place += 1) draft.todo.push({ kind: 'begin', id: itemAt(place) });
}

function failureOf(draft: Draft, id: string, total: number): string {
  for (let index = 0; index < total; index += 1) {
    const item = draft.get(itemOf(id, index));
    if (item?.status === 'failed_permanent') return `Of ${total} items too many failed; the first was ${itemOf(id, index)}: ${item.error.message}`;
  }
  return `Of ${total} items too few can still succeed.`;
}
