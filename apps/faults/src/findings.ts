/** What did not hold, as sentences; the first of them in full, for one cause has many. */
const keptMax = 40;

export interface Findings {
  readonly add: (finding: string) => void;
  readonly count: number;
  readonly first: readonly string[];
}

export function createFindings(): Findings {
  const first: string[] = [];
  let count = 0;
  return {
    add(finding) {
      count += 1;
      if (first.length < keptMax) first.push(finding);
    },
    get count() {
      return count;
    },
    first,
  };
}
