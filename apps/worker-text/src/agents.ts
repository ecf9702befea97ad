/** The agents of the text workflows, with what each needs put in. */
import type { DataRoots, FileExchange } from '@baton/files';
import { type Agent, defineAgent } from '@baton/worker';
import { contentDraft, contentEdit, contentFormat, contentOutline } from './capability/content.ts';
import { feedbackReport, textClean, textFetch, textSentiment, textTopics } from './capability/feedback.ts';
import { createContentDraft } from './content/draft-agent.ts';
import { createContentEdit } from './content/edit-agent.ts';
import { createContentFormat } from './content/format-agent.ts';
import { createContentOutline } from './content/outline-agent.ts';
import { createTextClean } from './feedback/clean-agent.ts';
import { createTextFetch } from './feedback/fetch-agent.ts';
import { createFeedbackReport } from './feedback/report-agent.ts';
import { createTextSentiment } from './feedback/sentiment-agent.ts';
import { createTextTopics } from './feedback/topics-agent.ts';

const version = '1.0.0';

export interface TextAgentsOptions {
  readonly exchange: FileExchange;
  readonly roots: DataRoots;
  readonly bytesMax: number;
  readonly now: () => number;
}

export function createTextAgents(options: TextAgentsOptions): readonly Agent[] {
  return [...feedbackAgents(options), ...contentAgents(options)];
}

function feedbackAgents({ exchange, roots, bytesMax, now }: TextAgentsOptions): readonly Agent[] {
  return [
    defineAgent({
      name: 'text-fetch-agent',
      version,
      capabilities: { 'text.fetch': { ...textFetch, handler: createTextFetch({ exchange, roots, bytesMax }) } },
    }),
    defineAgent({ name: 'text-clean-agent', version, capabilities: { 'text.clean': { ...textClean, handler: createTextClean(exchange) } } }),
    defineAgent({ name: 'sentiment-agent', version, capabilities: { 'text.sentiment': { ...textSentiment, handler: createTextSentiment(exchange) } } }),
    defineAgent({ name: 'topics-agent', version, capabilities: { 'text.topics': { ...textTopics, handler: createTextTopics(exchange) } } }),
    defineAgent({
      name: 'feedback-report-agent',
      version,
      capabilities: { 'feedback.report': { ...feedbackReport, handler: createFeedbackReport({ exchange, now }) } },
    }),
  ];
}

function contentAgents({ exchange, roots, bytesMax, now }: TextAgentsOptions): readonly Agent[] {
  return [
    defineAgent({
      name: 'outline-agent',
      version,
      capabilities: { 'content.outline': { ...contentOutline, handler: createContentOutline({ roots, bytesMax }) } },
    }),
    defineAgent({ name: 'draft-agent', version, capabilities: { 'content.draft': { ...contentDraft, handler: createContentDraft(exchange) } } }),
    defineAgent({ name: 'edit-agent', version, capabilities: { 'content.edit': { ...contentEdit, handler: createContentEdit(exchange) } } }),
    defineAgent({ name: 'format-agent', version, capabilities: { 'content.format': { ...contentFormat, handler: createContentFormat({ exchange, now }) } } }),
  ];
}
