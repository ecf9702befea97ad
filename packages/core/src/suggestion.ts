/** "Did you mean": the known name closest to a wrong one, if it is close enough to be meant. */

/** A definition may have 10,000 names and as many mistakes. */
const comparedMax = 200;

/** @returns ` (did you mean "clean"?)`, or the names if they are few, or nothing */
export function didYouMean(wrong: string, known: readonly string[]): string {
  const ranked = known
    .slice(0, comparedMax)
    .map((name) => ({ name, distance: editDistance(wrong.toLowerCase(), name.toLowerCase()) }))
    .toSorted((a, b) => a.distance - b.distance);
  const [closest] = ranked;
  if (closest === undefined) return '';
  if (closest.distance <= Math.max(1, Math.floor(wrong.length / 3))) return ` (did you mean "${closest.name}"?)`;
  return known.length <= 8 ? ` (there are: ${known.join(', ')})` : '';
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const substitution = (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(substitution, (row[j] as number) + 1, (next[j - 1] as number) + 1));
    }
    row = next;
  }
  return row[b.length] as number;
}
