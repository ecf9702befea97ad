/** What a text is about in a few words: its most frequent nouns, as they stand there most often. */
import { termsOf } from './terms.ts';

export function keywordsOf(text: string, count: number): readonly string[] {
  const found = new Map<string, { times: number; readonly surfaces: Map<string, number> }>();
  for (const { key, surface, isNoun } of termsOf(text)) {
    if (!isNoun) continue;
    const entry = found.get(key) ?? { times: 0, surfaces: new Map<string, number>() };
    entry.times += 1;
    entry.surfaces.set(surface, (entry.surfaces.get(surface) ?? 0) + 1);
    found.set(key, entry);
  }
  return [...found.values()]
    .toSorted((a, b) => b.times - a.times)
    .slice(0, count)
    .map(({ surfaces }) => [...surfaces].reduce((best, next) => (next[1] > best[1] ? next : best))[0]);
}

export function wordCount(text: string): number {
  return text.match(/[\p{L}\p{N}][\p{L}\p{N}'’-]*/gu)?.length ?? 0;
}
