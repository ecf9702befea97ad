/** The agents of the text workflows, with what each needs put in. What takes a big library is loaded with its first subtask. */
import type { DataRoots, FileExchange } from '@baton/files';
import { type Agent, defineAgent, whenNeeded } from '@baton/worker';
import { codeGenerate, codePublish, codeReview } from './capability/code.ts';
import { contentDraft, contentEdit, contentFormat, contentOutline } from './capability/content.ts';
import { customerAddress, customerCredit, customerPreferences, customerProfile } from './capability/customer.ts';
import { feedbackReport, textClean, textFetch, textSentiment, textTopics } from './capability/feedback.ts';
import { createCodeGenerate } from './code/generator-agent.ts';
import { createCodeReview } from './code/review-agent.ts';
import { createCustomerCredit } from './enrichment/credit-agent.ts';
import { createCustomerPreferences } from './enrichment/preferences-agent.ts';
import { createCustomerProfile } from './enrichment/profile-agent.ts';
import { createTextFetch } from './feedback/fetch-agent.ts';

const version = '1.0.0';

export interface TextAgentsOptions {
  readonly exchange: FileExchange;
  readonly roots: DataRoots;
  readonly bytesMax: number;
  readonly now: () => number;
}

export function createTextAgents(options: TextAgentsOptions): readonly Agent[] {
  return [...feedbackAgents(options), ...contentAgents(options), ...customerAgents(options), ...codeAgents(options)];
}

function feedbackAgents({ exchange, roots, bytesMax, now }: TextAgentsOptions): readonly Agent[] {
  return [
    defineAgent({
      name: 'text-fetch-agent',
      version,
      capabilities: { 'text.fetch': { ...textFetch, handler: createTextFetch({ exchange, roots, bytesMax }) } },
    }),
    defineAgent({
      name: 'text-clean-agent',
      version,
      capabilities: { 'text.clean': { ...textClean, handler: whenNeeded(async () => (await import('./feedback/clean-agent.ts')).createTextClean(exchange)) } },
    }),
    defineAgent({
      name: 'sentiment-agent',
      version,
      capabilities: {
        'text.sentiment': { ...textSentiment, handler: whenNeeded(async () => (await import('./feedback/sentiment-agent.ts')).createTextSentiment(exchange)) },
      },
    }),
    defineAgent({
      name: 'topics-agent',
      version,
      capabilities: {
        'text.topics': { ...textTopics, handler: whenNeeded(async () => (await import('./feedback/topics-agent.ts')).createTextTopics(exchange)) },
      },
    }),
    defineAgent({
      name: 'feedback-report-agent',
      version,
      capabilities: {
        'feedback.report': {
          ...feedbackReport,
          handler: whenNeeded(async () => (await import('./feedback/report-agent.ts')).createFeedbackReport({ exchange, now })),
        },
      },
    }),
  ];
}

function contentAgents({ exchange, roots, bytesMax, now }: TextAgentsOptions): readonly Agent[] {
  return [
    defineAgent({
      name: 'outline-agent',
      version,
      capabilities: {
        'content.outline': {
          ...contentOutline,
          handler: whenNeeded(async () => (await import('./content/outline-agent.ts')).createContentOutline({ roots, bytesMax })),
        },
      },
    }),
    defineAgent({
      name: 'draft-agent',
      version,
      capabilities: {
        'content.draft': { ...contentDraft, handler: whenNeeded(async () => (await import('./content/draft-agent.ts')).createContentDraft(exchange)) },
      },
    }),
    defineAgent({
      name: 'edit-agent',
      version,
      capabilities: {
        'content.edit': { ...contentEdit, handler: whenNeeded(async () => (await import('./content/edit-agent.ts')).createContentEdit(exchange)) },
      },
    }),
    defineAgent({
      name: 'format-agent',
      version,
      capabilities: {
        'content.format': {
          ...contentFormat,
          handler: whenNeeded(async () => (await import('./content/format-agent.ts')).createContentFormat({ exchange, now })),
        },
      },
    }),
  ];
}

function customerAgents({ exchange, now }: TextAgentsOptions): readonly Agent[] {
  return [
    defineAgent({ name: 'credit-agent', version, capabilities: { 'customer.credit': { ...customerCredit, handler: createCustomerCredit() } } }),
    defineAgent({
      name: 'address-agent',
      version,
      capabilities: {
        'customer.address': { ...customerAddress, handler: whenNeeded(async () => (await import('./enrichment/address-agent.ts')).createCustomerAddress()) },
      },
    }),
    defineAgent({
      name: 'preference-agent',
      version,
      capabilities: { 'customer.preferences': { ...customerPreferences, handler: createCustomerPreferences() } },
    }),
    defineAgent({
      name: 'profile-agent',
      version,
      capabilities: { 'customer.profile': { ...customerProfile, handler: createCustomerProfile({ exchange, now }) } },
    }),
  ];
}

function codeAgents({ exchange, now }: TextAgentsOptions): readonly Agent[] {
  return [
    defineAgent({ name: 'generator-agent', version, capabilities: { 'code.generate': { ...codeGenerate, handler: createCodeGenerate() } } }),
    defineAgent({ name: 'reviewer-agent', version, capabilities: { 'code.review': { ...codeReview, handler: createCodeReview() } } }),
    defineAgent({
      name: 'publish-agent',
      version,
      capabilities: {
        'code.publish': { ...codePublish, handler: whenNeeded(async () => (await import('./code/publish-agent.ts')).createCodePublish({ exchange, now })) },
      },
    }),
  ];
}
