/** Markdown as text, and as safe HTML: raw HTML and script URLs do not come through. */
import type { Root } from 'mdast';
import rehypeSanitize from 'rehype-sanitize';
import rehypeSlug from 'rehype-slug';
import rehypeStringify from 'rehype-stringify';
import remarkGfm from 'remark-gfm';
import remarkRehype from 'remark-rehype';
import remarkStringify from 'remark-stringify';
import { unified } from 'unified';

const toMarkdown = unified().use(remarkGfm).use(remarkStringify, { bullet: '-', emphasis: '_', rule: '-' });
const toHtml = unified().use(remarkRehype).use(rehypeSanitize).use(rehypeSlug).use(rehypeStringify);

export function markdownOf(tree: Root): string {
  return toMarkdown.stringify(tree);
}

export async function htmlOf(tree: Root): Promise<string> {
  return toHtml.stringify(await toHtml.run(tree));
}
