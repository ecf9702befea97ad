/** Bringing results together: those of a gather's needs, or of a map's items. Who did not count, or did not agree, is kept. */
import { type Aggregate, aggregate, isVote } from './aggregation.ts';
import type { Draft } from './draft.ts';
import { askedCapability, graphAround } from './frame.ts';
import { onePerVoter, type Voter } from './join.ts';
import { canonicalJson, type Json } from './json.ts';
import { valueAt } from './reference.ts';
import { conclude, fail } from './settle.ts';
import { placeOf, siblingOf } from './subtask-id.ts';

interface Vote extends Voter {
  readonly value: Json;
}

/** The completed among them, in their order, with who did it. */
export function votesOf(draft: Draft, ids: readonly string[]): readonly Vote[] {
  return ids.flatMap((id) => {
    const subtask = draft.get(id);
    if (subtask?.status !== 'completed') return [];
    return [{ id, value: subtask.result, capability: askedCapability(draft, id), agent: subtask.execution?.agent ?? null }];
  });
}

/** The full ids of what a node waits for. */
export function needIdsOf(draft: Draft, id: string): readonly string[] {
  const place = placeOf(id);
  return (graphAround(draft, place)?.needs.get(place.local) ?? []).map((need) => siblingOf(place, need));
}

/** Concludes the subtask with the aggregated results of those ids. */
export function concludeWith(draft: Draft, id: string, ids: readonly string[], options: Aggregate): void {
  const all = votesOf(draft, ids);
  const votes = isVote(options) ? onePerVoter(all) : all;
  const aggregated = aggregate(
    votes.map(({ value }) => value),
    options,
  );
  if (!aggregated.ok)
    return fail(draft, id, { code: 'AGGREGATION_FAILED', message: `The results cannot be aggregated by "${options.strategy}": ${aggregated.message}.` });
  const counted = new Set(votes.filter((vote) => !isVote(options) || agrees(vote, aggregated.value, options)).map((vote) => vote.id));
  conclude(draft, id, aggregated.value, { dissent: ids.filter((each) => !counted.has(each)) });
}

function agrees({ value }: Vote, winner: Json, options: Aggregate): boolean {
  const own = 'of' in options && options.of !== undefined ? valueAt(value, options.of.split('.')) : value;
  return canonicalJson(own ?? null) === canonicalJson(winner);
}
