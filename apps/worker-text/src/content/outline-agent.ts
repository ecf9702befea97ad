/** The outline agent: from a document to a title, a summary, and for each section its most central sentences. Nothing is invented. */
import { type DataRoots, openSource } from '@baton/files';
import { type HandlerContext, NonRetryableError, RetryAfterError } from '@baton/worker';
import type { z } from 'zod';
import type { contentOutline, OutlineSection } from '../capability/content.ts';
import { keywordsOf, wordCount } from '../text/keywords.ts';
import { sentencesOf } from '../text/sentences.ts';
import { textRank } from '../text/text-rank.ts';
import { readDocument, type Section } from './document.ts';

export interface OutlineAgentOptions {
  readonly roots: DataRoots;
  readonly bytesMax: number;
}

type Input = z.output<typeof contentOutline.input>;
type Output = z.output<typeof contentOutline.output>;

const errors = { Refused: NonRetryableError, Postponed: RetryAfterError };
/** Ranking compares every sentence with every other. */
const sentencesMax = 3_000;
const summarySentences = 3;

export function createContentOutline({ roots, bytesMax }: OutlineAgentOptions): (input: Input, context: HandlerContext) => Promise<Output> {
  return async (input, { signal, progress }) => {
    const source = await openSource(input.source, { roots, bytesMax, signal, errors });
    const document = readDocument(await textOf(source.chunks));
    const all = document.sections.map(({ heading, text }) => ({ heading, text, sentences: sentencesOf(text) }));
    const sentences = all.flatMap((section) => section.sentences);
    if (sentences.length === 0) throw new NonRetryableError(`${source.name} has no prose to make an article of.`, { code: 'SOURCE_EMPTY' });
    if (sentences.length > sentencesMax) {
      throw new NonRetryableError(`${source.name} has ${sentences.length} sentences, more than ${sentencesMax}: split it.`, { code: 'SOURCE_TOO_BIG' });
    }
    progress(30, `${sentences.length} sentences read`);
    const ranks = standing(sentences, textRank(sentences));
    const wholeText = [document.opening ?? '', ...all.map(({ text }) => text)].join(' ');
    return {
      title: input.title ?? document.title ?? titleFrom(wholeText),
      source: source.name,
      source_words: wordCount(wholeText),
      keywords: [...keywordsOf(wholeText, 8)],
      summary: document.opening === null ? summaryOf(sentences, ranks) : openingOf(document.opening),
      sections: sectionsOf(all, ranks, input),
    };
  };
}

async function textOf(chunks: AsyncIterable<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of chunks) text += decoder.decode(chunk, { stream: true });
  return text + decoder.decode();
}

/** A sentence that leans on the one before ("It", "But") says less alone; nor does a very short or very long one make a good point. */
const leaning = /^(it|its|this|that|these|those|they|he|she|but|and|or|so|then|now|such|either way|for this reason|the (last|second|first|other))\b/i;

function standing(sentences: readonly string[], ranks: readonly number[]): readonly number[] {
  return ranks.map((rank, index) => {
    const sentence = sentences[index] as string;
    const words = wordCount(sentence);
    const isUnfit = words < 5 || words > 45 || sentence.endsWith(':') || !/^["“‘'(]?[\p{Lu}\p{N}]/u.test(sentence);
    return Math.round(1_000 * rank * (leaning.test(sentence) ? 0.55 : 1) * (isUnfit ? 0.3 : 1)) / 1_000;
  });
}

function best(ranks: readonly number[], count: number): readonly number[] {
  const places = [...ranks.keys()].toSorted((a, b) => (ranks[b] as number) - (ranks[a] as number) || a - b);
  return places.slice(0, count).toSorted((a, b) => a - b);
}

/** The author's own opening is better than any choice of ours. */
function openingOf(text: string): string[] {
  return sentencesOf(text).slice(0, summarySentences);
}

function summaryOf(sentences: readonly string[], ranks: readonly number[]): string[] {
  return best(ranks, summarySentences).map((place) => sentences[place] as string);
}

type Read = Section & { readonly sentences: readonly string[] };

/** Of too many sections those with the most text, in their order. */
function sectionsOf(all: readonly Read[], ranks: readonly number[], { sections: sectionsMax, points }: Input): OutlineSection[] {
  let start = 0;
  const placed = all.map((section) => {
    const own = ranks.slice(start, start + section.sentences.length);
    start += section.sentences.length;
    return { section, own };
  });
  const kept = new Set(placed.toSorted((a, b) => b.section.text.length - a.section.text.length).slice(0, sectionsMax));
  return placed
    .filter((each) => kept.has(each))
    .map(({ section: { heading, text, sentences }, own }) => ({
      heading,
      points: best(own, points).map((place) => ({ text: sentences[place] as string, place, rank: own[place] as number })),
      keywords: [...keywordsOf(text, 4)],
      sentences: sentences.length,
    }));
}

function titleFrom(text: string): string {
  const title = keywordsOf(text, 3).join(', ') || 'Untitled';
  return title.slice(0, 1).toUpperCase() + title.slice(1);
}
