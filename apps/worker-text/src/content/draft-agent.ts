/** The draft agent: from an outline to an article of about so many words, the most central points first to get in, all in their order. */
import type { FileExchange } from '@baton/files';
import { type HandlerContext, NonRetryableError } from '@baton/worker';
import type { Paragraph, Root, RootContent } from 'mdast';
import type { z } from 'zod';
import type { contentDraft, OutlineSection } from '../capability/content.ts';
import { wordCount } from '../text/keywords.ts';
import { markdownOf } from './markdown.ts';

type Input = z.output<typeof contentDraft.input>;
type Output = z.output<typeof contentDraft.output>;
type Point = OutlineSection['points'][number];

/** Sentences this close in the source stay in one paragraph. */
const gapMax = 3;

export function createContentDraft(exchange: FileExchange): (input: Input, context: HandlerContext) => Promise<Output> {
  return async ({ previous_result: outline, words }, context) => {
    const { title, source, source_words, keywords, summary } = outline;
    const opening = new Set(summary);
    const sections = outline.sections.map((section) => ({ heading: section.heading, points: section.points.filter(({ text }) => !opening.has(text)) }));
    const chosen = choose(
      sections.flatMap(({ points }) => points),
      words - wordCount(summary.join(' ')),
    );
    const tree: Root = {
      type: 'root',
      children: [
        heading(1, title),
        paragraph(summary),
        ...sections.flatMap(({ heading: name, points }) => {
          const kept = points.filter((point) => chosen.has(point));
          return kept.length === 0 ? [] : [heading(2, name), ...paragraphs(kept)];
        }),
      ],
    };
    if (tree.children.length === 2) throw new NonRetryableError(`${words} words are too few for this outline: raise "words".`, { code: 'TOO_SHORT' });
    const markdown = markdownOf(tree);
    return { title, source, source_words, keywords, markdown_uri: await exchange.write(context, 'draft.md', markdown), words: wordCount(markdown) };
  };
}

/** The highest ranks that fit. */
function choose(points: readonly Point[], words: number): ReadonlySet<Point> {
  const chosen = new Set<Point>();
  let left = words;
  for (const point of points.toSorted((a, b) => b.rank - a.rank)) {
    const length = wordCount(point.text);
    if (length > left) continue;
    chosen.add(point);
    left -= length;
  }
  return chosen;
}

function paragraphs(points: readonly Point[]): readonly Paragraph[] {
  const groups: Point[][] = [];
  for (const point of points.toSorted((a, b) => a.place - b.place)) {
    const last = groups.at(-1);
    const before = last?.at(-1);
    if (last !== undefined && before !== undefined && point.place - before.place <= gapMax) last.push(point);
    else groups.push([point]);
  }
  return groups.map((group) => paragraph(group.map(({ text }) => text)));
}

function heading(depth: 1 | 2, text: string): RootContent {
  return { type: 'heading', depth, children: [{ type: 'text', value: text }] };
}

function paragraph(sentences: readonly string[]): Paragraph {
  return { type: 'paragraph', children: [{ type: 'text', value: sentences.join(' ') }] };
}
