/** The format agent: the article as a page for people and as clean markdown for whatever comes next. */
import { readFile } from 'node:fs/promises';
import type { FileExchange } from '@baton/files';
import type { HandlerContext } from '@baton/worker';
import type { z } from 'zod';
import type { contentFormat } from '../capability/content.ts';
import { pageFont } from '../page-font.ts';
import { wordCount } from '../text/keywords.ts';
import { articlePage } from './article-page.ts';
import { parseMarkdown } from './document.ts';
import { markdownOf } from './markdown.ts';

export interface FormatAgentOptions {
  readonly exchange: FileExchange;
  readonly now: () => number;
}

type Input = z.output<typeof contentFormat.input>;
type Output = z.output<typeof contentFormat.output>;

const wordsPerMinute = 220;

export function createContentFormat({ exchange, now }: FormatAgentOptions): (input: Input, context: HandlerContext) => Promise<Output> {
  return async ({ previous_result: article, language }, context) => {
    const tree = parseMarkdown(await readFile(await exchange.locate(article.markdown_uri), 'utf8'));
    const markdown = markdownOf(tree);
    const words = wordCount(markdown);
    const readingMinutes = Math.max(1, Math.round(words / wordsPerMinute));
    const page = await articlePage({
      article,
      tree,
      words,
      readingMinutes,
      language,
      workflowId: context.workflowId,
      generatedAt: now(),
      fontFace: await pageFont(),
    });
    return {
      html_uri: await exchange.write(context, 'article.html', page.text),
      markdown_uri: await exchange.write(context, 'article.md', markdown),
      title: article.title,
      words,
      reading_minutes: readingMinutes,
      changes: article.changes.reduce((sum, { count }) => sum + count, 0),
    };
  };
}
