/** The guide's sequential example: outline, draft, edit, format. Each step is given what the one before made, as `previous_result`. */
import type { DefinitionInput } from '@baton/core';

const minute = 60_000;

export const contentGeneration = {
  definition: {
    name: 'content_generation',
    version: 1,
    description: 'An article from a document: its most central sentences, edited and set.',
    input: {
      type: 'object',
      required: ['source'],
      additionalProperties: false,
      properties: {
        source: { type: 'string', minLength: 1 },
        title: { type: ['string', 'null'], default: null },
        words: { type: 'integer', minimum: 50, maximum: 20_000, default: 700 },
        language: { type: 'string', default: 'en' },
      },
    },
    timeout_ms: 15 * minute,
    nodes: [
      { id: 'outline', capability: 'content.outline', params: { source: '$params.source', title: '$params.title' } },
      { id: 'draft', needs: ['outline'], capability: 'content.draft', params: { previous_result: '$previous_result', words: '$params.words' } },
      {
        id: 'edit',
        needs: ['draft'],
        capability: 'content.edit',
        params: { previous_result: '$previous_result' },
        rules: [{ rule: 'output.words > 0', message: 'Editing must leave something to read.' }],
      },
      { id: 'format', needs: ['edit'], capability: 'content.format', params: { previous_result: '$previous_result', language: '$params.language' } },
    ],
    result: '$steps.format',
  } satisfies DefinitionInput,
};
