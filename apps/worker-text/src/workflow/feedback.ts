/** The guide's case study: customer feedback in, a report with action items out. What steps share goes through the context, as the guide has it. */
import type { DefinitionInput } from '@baton/core';

const minute = 60_000;

export const customerFeedback = {
  definition: {
    name: 'customer_feedback',
    version: 1,
    description: 'A report on how customers feel, about what, and what to do about it, from any CSV with a column of text.',
    input: {
      type: 'object',
      required: ['source', 'columns'],
      additionalProperties: false,
      properties: {
        source: { type: 'string', minLength: 1 },
        columns: {
          type: 'object',
          required: ['text'],
          additionalProperties: false,
          properties: Object.fromEntries(['text', 'id', 'date', 'rating', 'channel', 'author'].map((name) => [name, { type: ['string', 'null'] }])),
        },
        from: { type: ['string', 'null'], format: 'date', default: null },
        to: { type: ['string', 'null'], format: 'date', default: null },
        remove_pii: { type: 'boolean', default: true },
        country: { type: 'string', minLength: 2, maxLength: 2, default: 'GB' },
        topics: { type: 'integer', minimum: 2, maximum: 20, default: 11 },
        title: { type: 'string', minLength: 1, maxLength: 200, default: 'Customer feedback' },
      },
    },
    timeout_ms: 15 * minute,
    nodes: [
      {
        id: 'fetch',
        capability: 'text.fetch',
        params: { source: '$params.source', columns: '$params.columns', from: '$params.from', to: '$params.to' },
        writes: ['data_uri'],
      },
      {
        id: 'clean',
        needs: ['fetch'],
        capability: 'text.clean',
        params: { input_uri: '$context.data_uri', remove_pii: '$params.remove_pii', country: '$params.country' },
        writes: ['clean_uri'],
        rules: [{ rule: 'output.rows <= output.rows_in', message: 'Cleaning must not add messages.' }],
      },
      { id: 'sentiment', needs: ['clean'], capability: 'text.sentiment', params: { input_uri: '$context.clean_uri' }, writes: ['sentiment'] },
      { id: 'topics', needs: ['clean'], capability: 'text.topics', params: { input_uri: '$context.clean_uri', topics: '$params.topics' }, writes: ['topics'] },
      {
        id: 'report',
        needs: ['sentiment', 'topics'],
        capability: 'feedback.report',
        params: {
          title: '$params.title',
          sentiment_result: '$context.sentiment',
          topics: '$context.topics',
          fetched: '$steps.fetch',
          cleaned: '$steps.clean',
        },
      },
    ],
    result: {
      headline: '$steps.report.headline',
      html_uri: '$steps.report.html_uri',
      json_uri: '$steps.report.json_uri',
      sentiment: '$steps.sentiment.moods',
      topics: '$steps.topics.topics',
      action_items: '$steps.report.action_items',
    },
  } satisfies DefinitionInput,
};
