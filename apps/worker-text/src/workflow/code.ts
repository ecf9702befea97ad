/** The guide's iterative example: a generator writes a function, a reviewer lints and tests it, and both go on until the score is good enough. */
import type { DefinitionInput } from '@baton/core';

const minute = 60_000;

export const codeRefinement = {
  definition: {
    name: 'code_refinement',
    version: 1,
    description: 'A JavaScript function from a spec with examples, refined until linter and tests are content.',
    input: {
      type: 'object',
      required: ['spec'],
      additionalProperties: false,
      properties: {
        spec: {
          type: 'object',
          required: ['name', 'parameter', 'goal', 'examples'],
          properties: {
            name: { type: 'string' },
            parameter: { type: 'string' },
            goal: { type: 'string' },
            length_max: { type: 'integer', minimum: 1 },
            examples: { type: 'array', minItems: 1, items: { type: 'object', required: ['args'] } },
          },
        },
      },
    },
    timeout_ms: 15 * minute,
    nodes: [
      {
        id: 'refine',
        kind: 'loop',
        generate: { capability: 'code.generate', params: { spec: '$params.spec', previous: '$loop.previous?', review: '$loop.feedback?' } },
        critique: {
          capability: 'code.review',
          params: { spec: '$params.spec', draft: '$loop.draft', round: '$loop.round', history: '$loop.feedback.history?' },
          attempt_timeout_ms: minute,
        },
        score: 'quality_score',
        threshold: 0.9,
        max_iterations: 8,
        patience: 2,
        on_exhausted: 'degrade',
        writes: ['review'],
      },
      { id: 'publish', capability: 'code.publish', params: { spec: '$params.spec', draft: '$steps.refine', review: '$context.review' } },
    ],
    result: '$steps.publish',
  } satisfies DefinitionInput,
};
