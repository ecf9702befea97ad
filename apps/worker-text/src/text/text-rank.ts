/** How central each sentence is to its text: TextRank (Mihalcea and Tarau 2004), PageRank over how many terms two sentences share. */
import { termsOf } from './terms.ts';

const damping = 0.85;
const rounds = 30;

/** @returns for each sentence 0 to 1; the most central has 1 */
export function textRank(sentences: readonly string[]): readonly number[] {
  const terms = sentences.map((sentence) => new Set(termsOf(sentence).map(({ key }) => key)));
  const links = terms.map((own, index) => terms.map((other, place) => (place === index ? 0 : likeness(own, other))));
  const outgoing = links.map((row) => row.reduce((sum, weight) => sum + weight, 0));
  let ranks = sentences.map(() => 1);
  for (let round = 0; round < rounds; round += 1) {
    const before = ranks;
    ranks = links.map(
      (row) =>
        1 -
        damping +
        damping * row.reduce((sum, weight, other) => (weight === 0 ? sum : sum + (weight / (outgoing[other] as number)) * (before[other] as number)), 0),
    );
  }
  const most = Math.max(...ranks);
  return ranks.map((rank) => Math.round((1_000 * rank) / most) / 1_000);
}

function likeness(a: ReadonlySet<string>, b: ReadonlySet<string>): number {
  if (a.size < 2 || b.size < 2) return 0;
  return a.intersection(b).size / (Math.log(a.size) + Math.log(b.size));
}
