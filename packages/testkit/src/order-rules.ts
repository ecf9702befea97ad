/** What must have happened before a part begins: a place in its map is free, the parts of its loop before it are done, its plan was accepted. */
import { hasEnded, type MapNode, nodeOf, placeOf } from '@baton/core';
import { type Change, isPending } from './ledger-page.ts';

const atWork: readonly string[] = ['assigned', 'running', 'waiting', 'retrying'];

export function partBeganTooEarly(change: Change): string | null {
  if (hasEnded(change.state)) return null;
  for (const [id, subtask] of change.commit.patch.subtasks) {
    const before = change.before(id);
    const isNew = atWork.includes(subtask.status) && (isPending(before) || before?.generation !== subtask.generation);
    const early = isNew ? earlyIn(change, id) : null;
    if (early !== null) return `${id} began, ${early}`;
  }
  return null;
}

function earlyIn(change: Change, id: string): string | null {
  const place = placeOf(id);
  switch (place.in) {
    case 'map':
      return crowded(change, place.parent);
    case 'loop':
      return outOfRound(change, place.parent, place.round, place.local);
    case 'plan':
      return partsOf(change, place.parent)?.kind === 'plan' ? null : `but ${place.parent} is no plan that was accepted`;
    case 'definition':
      return null;
  }
}

function partsOf({ after }: Change, id: string) {
  const subtask = after(id);
  return subtask !== undefined && 'parts' in subtask ? subtask.parts : undefined;
}

function crowded(change: Change, map: string): string | null {
  const { commit, after } = change;
  const board = { header: commit.workflow.header, type: commit.workflow.type, get: after, view: () => ({}) };
  const { concurrency } = nodeOf(board, map) as MapNode;
  const parts = partsOf(change, map);
  if (parts?.kind !== 'map') return `but ${map} is not running`;
  const working = parts.items.filter((_, index) => atWork.includes(after(`${map}[${index}]`)?.status ?? 'pending')).length;
  return working <= concurrency ? null : `but ${working} items are at work and ${concurrency} are the limit`;
}

function outOfRound({ after }: Change, loop: string, round: number, local: string): string | null {
  const isDone = (number: number, part: string) => after(`${loop}#${number}/${part}`)?.status === 'completed';
  if (local === 'critique') return isDone(round, 'generate') ? null : 'before there is a draft';
  return round === 1 || isDone(round - 1, 'critique') ? null : 'before the round before was judged';
}
