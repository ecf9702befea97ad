/**
 * The guide's parallel example: credit, address and preferences are looked up at the same time. Two of the three are enough, and what is not there
 * by then is not waited for; preferences may be missing altogether.
 */
import type { DefinitionInput } from '@baton/core';

const minute = 60_000;

export const customerEnrichment = {
  definition: {
    name: 'customer_enrichment',
    version: 1,
    description: 'A profile of a customer from a credit file, a checked address and preferences; two of the three are enough.',
    input: {
      type: 'object',
      required: ['customer_id', 'name', 'address'],
      additionalProperties: false,
      properties: {
        customer_id: { type: 'string', pattern: '^C-\\d{4}$' },
        name: { type: 'string', minLength: 1 },
        phone: { type: ['string', 'null'], default: null },
        address: {
          type: 'object',
          required: ['street', 'city', 'postal_code', 'country'],
          additionalProperties: false,
          properties: {
            street: { type: 'string' },
            city: { type: 'string' },
            postal_code: { type: 'string' },
            country: { type: 'string', minLength: 2, maxLength: 2 },
          },
        },
      },
    },
    timeout_ms: 5 * minute,
    nodes: [
      {
        id: 'credit',
        capability: 'customer.credit',
        params: { customer_id: '$params.customer_id' },
        rules: [{ rule: 'output.credit.score >= 300 && output.credit.score <= 850', message: 'A credit score lies between 300 and 850.' }],
        timeout_ms: minute,
      },
      {
        id: 'address',
        capability: 'customer.address',
        params: {
          name: '$params.name',
          street: '$params.address.street',
          city: '$params.address.city',
          postal_code: '$params.address.postal_code',
          country: '$params.address.country',
          phone: '$params.phone',
        },
        timeout_ms: minute,
      },
      { id: 'preferences', capability: 'customer.preferences', params: { customer_id: '$params.customer_id' }, optional: true, timeout_ms: minute },
      { id: 'parts', kind: 'gather', needs: ['credit', 'address', 'preferences'], join: { kind: 'quorum', k: 2, of: 3 }, aggregate: { strategy: 'merge' } },
      { id: 'profile', capability: 'customer.profile', params: { customer_id: '$params.customer_id', name: '$params.name', parts: '$steps.parts' } },
    ],
    result: '$steps.profile',
  } satisfies DefinitionInput,
};
