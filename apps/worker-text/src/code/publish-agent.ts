/** The publishing agent: the function as a file, and a page on how it came about. */
import type { FileExchange } from '@baton/files';
import type { HandlerContext } from '@baton/worker';
import type { z } from 'zod';
import type { codePublish } from '../capability/code.ts';
import { pageFont } from '../page-font.ts';
import { codePage } from './code-page.ts';

export interface PublishAgentOptions {
  readonly exchange: FileExchange;
  readonly now: () => number;
}

type Input = z.output<typeof codePublish.input>;
type Output = z.output<typeof codePublish.output>;

export function createCodePublish({ exchange, now }: PublishAgentOptions): (input: Input, context: HandlerContext) => Promise<Output> {
  return async ({ spec, draft, review }, context) => {
    // What is published is the best draft, which need not be the last that was reviewed.
    const scored = review.history.findLast(({ source }) => source === draft.source);
    const quality_score = scored?.quality_score ?? review.quality_score;
    const page = codePage({
      spec,
      draft,
      history: review.history,
      score: quality_score,
      workflowId: context.workflowId,
      generatedAt: now(),
      fontFace: await pageFont(),
    });
    return {
      source_uri: await exchange.write(context, `${spec.name}.mjs`, draft.source),
      html_uri: await exchange.write(context, 'refinement.html', page.text),
      quality_score,
      rounds: review.history.length,
      scores: review.history.map((round) => round.quality_score),
    };
  };
}
