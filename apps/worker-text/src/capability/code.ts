/** A function from a spec: written, reviewed by a linter and by tests, written again, and published. */
import { defineCapability } from '@baton/core';
import { z } from 'zod';

const Identifier = z.string().regex(/^[a-z][A-Za-z0-9]{0,63}$/, 'must be a name like slugify');

export const Example = z.union([
  z.strictObject({ args: z.array(z.json()).max(10), returns: z.json() }),
  z.strictObject({ args: z.array(z.json()).max(10), throws: z.string().regex(/^[A-Z]\w*Error$/) }),
]);
export type Example = z.output<typeof Example>;

export const Spec = z.object({
  name: Identifier,
  parameter: Identifier,
  goal: z.string().min(1).max(500),
  length_max: z.int().min(1).max(10_000).optional().describe('How long the text that it returns may be'),
  examples: z.array(Example).min(1).max(200),
});
export type Spec = z.output<typeof Spec>;

export const TestFailure = z.object({
  example: z.int(),
  actual: z.json().optional(),
  error: z.string(),
  message: z.string(),
});
export type TestFailure = z.output<typeof TestFailure>;

export const LintProblem = z.object({ rule: z.string(), message: z.string(), line: z.int(), severity: z.enum(['error', 'warning']) });
export type LintProblem = z.output<typeof LintProblem>;

export const Draft = z.object({
  source: z.string().max(65_536),
  parts: z.array(z.string()).describe('What the generator put in it, by its own names'),
  repairs: z.array(z.string()).describe('What it changed this time, for people'),
});
export type Draft = z.output<typeof Draft>;

export const Round = z.object({
  round: z.int(),
  quality_score: z.number(),
  passed: z.int(),
  tests: z.int(),
  problems: z.int(),
  repairs: z.array(z.string()),
  source: z.string(),
});
export type Round = z.output<typeof Round>;

export const Review = z.object({
  quality_score: z.number().min(0).max(1),
  feedback: z.object({ passed: z.int(), tests: z.int(), failures: z.array(TestFailure), problems: z.array(LintProblem) }),
  history: z.array(Round),
});
export type Review = z.output<typeof Review>;

export const codeGenerate = defineCapability({
  name: 'code.generate',
  input: z.object({ spec: Spec, previous: Draft.optional(), review: Review.optional() }),
  output: Draft,
});

export const codeReview = defineCapability({
  name: 'code.review',
  input: z.object({ spec: Spec, draft: Draft, round: z.int().min(1).default(1), history: z.array(Round).default([]) }),
  output: Review,
});

export const codePublish = defineCapability({
  name: 'code.publish',
  input: z.object({ spec: Spec, draft: Draft, review: z.object({ quality_score: z.number(), history: z.array(Round) }) }),
  output: z.object({
    source_uri: z.string(),
    html_uri: z.string(),
    quality_score: z.number(),
    rounds: z.int(),
    scores: z.array(z.number()),
  }),
});
