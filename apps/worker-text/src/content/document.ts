/** A source document as prose under headings: what is no prose (code, tables, raw HTML) is not for an article. */
import type { Nodes, Root } from 'mdast';
import { toString } from 'mdast-util-to-string';
import remarkGfm from 'remark-gfm';
import remarkParse from 'remark-parse';
import { unified } from 'unified';
import { keywordsOf } from '../text/keywords.ts';

export interface Section {
  readonly heading: string;
  readonly text: string;
}

export interface SourceDocument {
  readonly title: string | null;
  /** What stands before the first heading of a section; null: nothing. */
  readonly opening: string | null;
  readonly sections: readonly Section[];
}

const parser = unified().use(remarkParse).use(remarkGfm);
const paragraphsPerPart = 4;

export function parseMarkdown(markdown: string): Root {
  return parser.parse(markdown);
}

export function readDocument(markdown: string): SourceDocument {
  const { children } = parseMarkdown(markdown);
  const first = children.find((node) => node.type === 'heading' && node.depth === 1);
  const depth = children.some((node) => node.type === 'heading' && node.depth === 2) ? 2 : 1;
  const sections: { heading: string | null; texts: string[] }[] = [{ heading: null, texts: [] }];
  for (const node of children) {
    if (node === first) continue;
    if (node.type === 'heading' && node.depth <= depth) sections.push({ heading: toString(node), texts: [] });
    else sections.at(-1)?.texts.push(...proseOf(node));
  }
  const filled = sections.filter(({ texts }) => texts.length > 0);
  const opening = filled.length > 1 && filled[0]?.heading === null ? filled[0].texts.join(' ') : null;
  const headed = opening === null ? filled : filled.slice(1);
  const parts = filled.length > 1 ? headed : filled.flatMap(({ texts }) => chunks(texts).map((part) => ({ heading: null, texts: part })));
  return {
    title: first === undefined ? null : toString(first),
    opening,
    sections: parts.map(({ heading, texts }) => ({ heading: heading ?? headingFor(texts), text: texts.join(' ') })),
  };
}

/** The paragraphs in a node, as plain text in one line each. */
function proseOf(node: Nodes): readonly string[] {
  if (node.type === 'paragraph')
    return [
      sentence(
        toString(node, { includeHtml: false })
          .replace(/\s*\n\s*/g, ' ')
          .trim(),
      ),
    ].filter((text) => text !== '');
  if (node.type === 'list' || node.type === 'listItem' || node.type === 'blockquote') return node.children.flatMap(proseOf);
  return [];
}

/** Items of lists often have no end; without one they would run into what follows. */
function sentence(text: string): string {
  return text === '' || /[.!?…:]["'”’)]*$/.test(text) ? text : `${text}.`;
}

/** A document without headings, in parts of some paragraphs. */
function chunks(texts: readonly string[]): string[][] {
  return Array.from({ length: Math.ceil(texts.length / paragraphsPerPart) }, (_, part) =>
    texts.slice(part * paragraphsPerPart, (part + 1) * paragraphsPerPart),
  );
}

function headingFor(texts: readonly string[]): string {
  const words = keywordsOf(texts.join(' '), 3);
  const heading = words.join(', ') || 'Introduction';
  return heading.slice(0, 1).toUpperCase() + heading.slice(1);
}
