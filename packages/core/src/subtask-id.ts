/**
 * The ids of what exists only while a workflow runs. A map's items are `enrich[3]`, a loop's rounds `refine#2/generate`, what a plan brought
 * `plan/fetch`; parts of parts go on that way. None of `[ ] # /` may stand in an id that somebody writes, so an id says where it belongs.
 */

/** Where a subtask stands: in the definition itself, or as a part of another. */
export type Place =
  | { readonly in: 'definition'; readonly local: string }
  | { readonly in: 'map'; readonly parent: string; readonly index: number; readonly local: string }
  | { readonly in: 'loop'; readonly parent: string; readonly round: number; readonly local: string }
  | { readonly in: 'plan'; readonly parent: string; readonly local: string };

/** The one id of a map's template. */
export const itemId = 'item';
const item = /^(.*)\[(\d+)\]$/;
const round = /^(.*)#(\d+)$/;

export function placeOf(id: string): Place {
  const asItem = item.exec(id);
  if (asItem !== null) return { in: 'map', parent: asItem[1] as string, index: Number(asItem[2]), local: itemId };
  const slash = id.lastIndexOf('/');
  if (slash < 0) return { in: 'definition', local: id };
  const [head, local] = [id.slice(0, slash), id.slice(slash + 1)];
  const asRound = round.exec(head);
  if (asRound !== null) return { in: 'loop', parent: asRound[1] as string, round: Number(asRound[2]), local };
  return { in: 'plan', parent: head, local };
}

export function itemOf(map: string, index: number): string {
  return `${map}[${index}]`;
}

export function partOfRound(loop: string, number: number, local: 'generate' | 'critique'): string {
  return `${loop}#${number}/${local}`;
}

export function partOfPlan(plan: string, local: string): string {
  return `${plan}/${local}`;
}

/** The subtask beside this one, in the same place, that is called `local` there. */
export function siblingOf(place: Place, local: string): string {
  if (place.in === 'definition') return local;
  if (place.in === 'loop') return partOfRound(place.parent, place.round, local as 'generate');
  return place.in === 'plan' ? partOfPlan(place.parent, local) : itemOf(place.parent, place.index);
}

/** How many composites it stands in. */
export function nestingOf(id: string): number {
  let depth = 0;
  for (let place = placeOf(id); place.in !== 'definition'; place = placeOf(place.parent)) depth += 1;
  return depth;
}
