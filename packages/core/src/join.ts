/** When a join is decided: as soon as it can be, also negatively. And who has a vote: an agent has one for each capability, never two. */
import type { Join } from './definition.ts';
import { settledIn, type Tally } from './tally.ts';

export type JoinVerdict = 'open' | 'ready' | 'impossible';

/** Does the join live with the failure of a need? Else that is the end of the whole. */
export function isTolerant(join: Join): boolean {
  return join.kind !== 'all';
}

/** Is it decided before everything has settled? Then the rest is cancelled. */
export function isEarly(join: Join): boolean {
  return join.kind === 'any' || join.kind === 'first' || join.kind === 'quorum';
}

/**
 * @param total how many there are
 * @param votes how many different voters completed; asked only where it matters
 */
export function joinVerdict(join: Join, tally: Tally, total: number, votes: () => number): JoinVerdict {
  const open = total - settledIn(tally);
  switch (join.kind) {
    case 'all':
      if (tally.failed + tally.cancelled > 0) return 'impossible';
      return open === 0 ? 'ready' : 'open';
    case 'settled':
      if (open > 0) return 'open';
      return tally.completed + tally.absent + tally.skipped > 0 || total === 0 ? 'ready' : 'impossible';
    case 'any':
      return counted(1, tally.completed, open);
    case 'first':
      return counted(join.k, tally.completed, open);
    case 'quorum':
      return counted(join.k, isOpenAnyway(join.k, tally.completed, open) ? tally.completed : votes(), open);
  }
}

/** Whether or not all who completed are one voter, it can still be reached and is not reached yet: nobody needs to count the voters. */
function isOpenAnyway(needed: number, completed: number, open: number): boolean {
  return completed < needed && Math.min(1, completed) + open >= needed;
}

function counted(needed: number, have: number, open: number): JoinVerdict {
  if (have >= needed) return 'ready';
  return have + open < needed ? 'impossible' : 'open';
}

export interface Voter {
  readonly id: string;
  readonly capability: string | null;
  readonly agent: string | null;
}

/** The first vote of each agent for each capability; what no agent did counts for itself. */
export function onePerVoter<V extends Voter>(voters: readonly V[]): readonly V[] {
  const seen = new Set<string>();
  return voters.filter(({ id, capability, agent }) => {
    const key = agent === null ? `subtask ${id}` : `agent ${capability} ${agent}`;
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}
