/** The report agent: brings moods and topics together, derives action items, and writes the report for people (HTML) and for programs (JSON). */
import type { FileExchange } from '@baton/files';
import type { HandlerContext } from '@baton/worker';
import type { z } from 'zod';
import { type feedbackReport, ScoredMessage } from '../capability/feedback.ts';
import { pageFont } from '../page-font.ts';
import { actionItems, moodsOf } from './action-items.ts';
import { allLinesOf } from './message-lines.ts';
import { headlineOf, reportPage } from './report-page.ts';
import { requestsIn } from './requests.ts';
import { TopicOf } from './topics-agent.ts';

export interface ReportAgentOptions {
  readonly exchange: FileExchange;
  readonly now: () => number;
}

type Input = z.output<typeof feedbackReport.input>;
type Output = z.output<typeof feedbackReport.output>;

export function createFeedbackReport({ exchange, now }: ReportAgentOptions): (input: Input, context: HandlerContext) => Promise<Output> {
  return async (input, context) => {
    const messages = await allLinesOf(input.sentiment_result.uri, ScoredMessage, exchange, context);
    const assigned = await allLinesOf(input.topics.uri, TopicOf, exchange, context);
    const topics = moodsOf(input.topics.topics, new Map(assigned.map(({ id, topic }) => [id, topic])), messages);
    context.progress(40, 'moods and topics brought together');
    const items = actionItems(topics);
    const requests = requestsIn(messages);
    const headline = headlineOf({ input, items });
    const page = reportPage({ input, topics, items, requests, workflowId: context.workflowId, generatedAt: now(), fontFace: await pageFont() });
    const plain = { headline, action_items: items, requests, sentiment: input.sentiment_result, topics: topics.map(({ messages: _, ...topic }) => topic) };
    return {
      html_uri: await exchange.write(context, 'feedback.html', page.text),
      json_uri: await exchange.write(context, 'feedback.json', `${JSON.stringify(plain, null, 2)}\n`),
      headline,
      action_items: [...items],
    };
  };
}
