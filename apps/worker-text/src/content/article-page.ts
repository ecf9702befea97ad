/** An article as a page: what to read first, and below it what the editor did. */
import { colour, Html, html, wholeNumber } from '@baton/page';
import type { Root } from 'mdast';
import { toString } from 'mdast-util-to-string';
import type { z } from 'zod';
import type { contentEdit } from '../capability/content.ts';
import { origin, sheet } from '../sheet.ts';
import { htmlOf } from './markdown.ts';

export interface ArticlePage {
  readonly article: z.output<typeof contentEdit.output>;
  readonly tree: Root;
  readonly words: number;
  readonly readingMinutes: number;
  readonly language: string;
  readonly workflowId: string;
  readonly generatedAt: number;
  readonly fontFace: Html;
}

const style = new Html(`
  .article { padding-top: 8px; }
  .article h2 { margin: 30px 0 0; font-size: 20px; scroll-margin-top: 20px; }
  .article p { margin: 10px 0 0; font-size: 16px; line-height: 1.68; }
  .contents { margin: 26px 0 0; padding: 16px 20px; border-radius: 10px; background: #f7f8fb; column-width: 240px; }
  .contents a { display: block; padding: 2px 0; color: ${colour.text}; text-decoration: none; }
  .contents a:hover { color: ${colour.accent}; }
  .keywords { margin-top: 14px; }
  .keywords .chip { margin: 0 4px 4px 0; }
  .edits td { font-size: 13px; }
  .edits s { color: ${colour.down}; text-decoration-thickness: 1px; }
  .edits ins { color: ${colour.up}; text-decoration: none; font-weight: 600; }
  table.list.edits td.wrap:first-child { width: auto; font-weight: 400; }
`);

export async function articlePage({ article, tree, words, readingMinutes, language, workflowId, generatedAt, fontFace }: ArticlePage): Promise<Html> {
  const body = tree.children.filter((node) => !(node.type === 'heading' && node.depth === 1));
  const [opening, ...rest] = body;
  const lede = opening?.type === 'paragraph' ? toString(opening) : '';
  const content = await htmlOf({ type: 'root', children: lede === '' ? body : rest });
  return sheet({
    title: article.title,
    language,
    eyebrow: `Article · ${readingMinutes} min read`,
    headline: article.title,
    lede,
    style,
    fontFace,
    parts: [
      html`<div class="part" style="padding-top:0"><div class="keywords">${article.keywords.map((word) => html`<span class="chip info">${word}</span>`)}</div>${contents(content)}</div>`,
      html`<div class="part article">${new Html(content)}</div>`,
      editorial(article, words),
    ],
    foot: html`<b>From</b> ${article.source}<br>${origin(workflowId, generatedAt)}`,
  });
}

/** The headings, as the HTML has them with their ids. */
function contents(content: string): Html | null {
  const headings = [...content.matchAll(/<h2 id="([^"]*)">(.*?)<\/h2>/gs)];
  if (headings.length < 3) return null;
  return html`<nav class="contents" aria-label="Contents">${headings.map(([, id = '', text = '']) => html`<a href="#${id}">${new Html(text)}</a>`)}</nav>`;
}

function editorial({ changes, notes, source_words }: ArticlePage['article'], words: number): Html {
  const total = changes.reduce((sum, { count }) => sum + count, 0);
  const rows = changes.map(
    ({ rule, from, to, count }) =>
      html`<tr><td class="wrap"><s>${from.trim() === '' ? 'two spaces' : from}</s> → <ins>${to.trim() === '' ? 'one' : to}</ins>${count > 1 ? ` (${count} times)` : ''}</td><td class="small">${rule.replaceAll('-', ' ')}</td></tr>`,
  );
  const hints = notes.map(
    ({ message, text }) => html`<tr><td class="wrap">${text}</td><td class="small wrap" style="width:38%">${message.replace(/^Unexpected /, '')}</td></tr>`,
  );
  return html`<div class="part"><h2>How it was made</h2>
<p class="note">${wholeNumber(source_words)} words of the source became ${wholeNumber(words)}; every sentence stands in the source. The editor made ${total} ${total === 1 ? 'change' : 'changes'}.</p>
${rows.length === 0 ? null : html`<table class="list edits" role="presentation">${rows}</table>`}
${hints.length === 0 ? null : html`<p class="note" style="margin-top:22px">For a person to decide:</p><table class="list edits" role="presentation">${hints}</table>`}</div>`;
}
