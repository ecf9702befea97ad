import { describe, expect, it } from 'vitest';
import type { Join } from './definition.ts';
import { joinVerdict, onePerVoter } from './join.ts';
import { noTally } from './tally.ts';

/** `ccf.`: two completed, one failed, one open; `a` absent, `s` skipped, `x` cancelled. @param votes if not all who completed are different voters */
function verdictOf(join: Join, stand: string, votes?: number): string {
  const count = (letter: string) => stand.split(letter).length - 1;
  const tally = { ...noTally, completed: count('c'), failed: count('f'), absent: count('a'), skipped: count('s'), cancelled: count('x') };
  return joinVerdict(join, tally, stand.length, () => votes ?? count('c'));
}

const first = (k: number): Join => ({ kind: 'first', k });
const quorum = (k: number, of: number): Join => ({ kind: 'quorum', k, of });

describe('a join is decided as soon as it can be', () => {
  it.each<[Join, string, string]>([
    [{ kind: 'all' }, '', 'ready'],
    [{ kind: 'all' }, 'cc.', 'open'],
    [{ kind: 'all' }, 'cas', 'ready'],
    [{ kind: 'all' }, 'cf.', 'impossible'],
    [{ kind: 'all' }, 'cx.', 'impossible'],
    [{ kind: 'settled' }, '', 'ready'],
    [{ kind: 'settled' }, 'cf.', 'open'],
    [{ kind: 'settled' }, 'cff', 'ready'],
    [{ kind: 'settled' }, 'ffa', 'ready'],
    [{ kind: 'settled' }, 'ffs', 'ready'],
    [{ kind: 'settled' }, 'ffx', 'impossible'],
    [{ kind: 'any' }, 'ff.', 'open'],
    [{ kind: 'any' }, 'fc.', 'ready'],
    [{ kind: 'any' }, 'fas', 'impossible'],
    [first(2), 'c..', 'open'],
    [first(2), 'cc.', 'ready'],
    [first(2), 'ff.', 'impossible'],
    [first(2), 'cf.', 'open'],
    [quorum(2, 3), 'c..', 'open'],
    [quorum(2, 3), 'cc.', 'ready'],
    [quorum(2, 3), 'f..', 'open'],
    [quorum(2, 3), 'ff.', 'impossible'],
    [quorum(2, 3), 'fx.', 'impossible'],
    [quorum(3, 3), 'ccc', 'ready'],
  ])('%o of "%s" is %s', (join, stand, expected) => {
    expect(verdictOf(join, stand)).toBe(expected);
  });

  it.each<[Join, string, number, string]>([
    [quorum(2, 3), 'cc.', 1, 'open'],
    [quorum(2, 3), 'ccf', 1, 'impossible'],
    [quorum(2, 3), 'ccc', 1, 'impossible'],
    [quorum(3, 4), 'ccf.', 1, 'impossible'],
    [quorum(3, 4), 'ccf.', 2, 'open'],
    [quorum(3, 3), 'cc.', 1, 'impossible'],
    // The other joins count results, not voters.
    [first(2), 'cc.', 1, 'ready'],
  ])('%o of "%s" with %i voters is %s', (join, stand, votes, expected) => {
    expect(verdictOf(join, stand, votes)).toBe(expected);
  });
});

it('gives an agent one vote for each capability, and what no agent did its own', () => {
  const voters = [
    { id: 'a', capability: 'x', agent: '1' },
    { id: 'b', capability: 'x', agent: '1' },
    { id: 'c', capability: 'y', agent: '1' },
    { id: 'd', capability: 'x', agent: '2' },
    { id: 'e', capability: 'sleep', agent: null },
    { id: 'f', capability: 'sleep', agent: null },
  ];
  expect(onePerVoter(voters).map(({ id }) => id)).toEqual(['a', 'c', 'd', 'e', 'f']);
});
