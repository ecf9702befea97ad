/** The four agents that make an article of a document. Each is given what the one before made (`previous_result`). */
import { defineCapability } from '@baton/core';
import { z } from 'zod';

export const Point = z.object({
  text: z.string(),
  place: z.int().describe('Which sentence of its section, from 0'),
  rank: z.number().describe('How central it is, 0 to 1'),
});

export const OutlineSection = z.object({ heading: z.string(), points: z.array(Point).min(1), keywords: z.array(z.string()), sentences: z.int() });
export type OutlineSection = z.output<typeof OutlineSection>;

export const contentOutline = defineCapability({
  name: 'content.outline',
  input: z.object({
    source: z.string().min(1).max(4_096).describe('A text or markdown file: a path, a file:// URI or an http(s) URL inside the allowed roots'),
    title: z.string().min(1).max(200).nullable().default(null).describe('null: that of the source'),
    sections: z.int().min(1).max(30).default(12),
    points: z.int().min(1).max(20).default(5).describe('For each section'),
  }),
  output: z.object({
    title: z.string(),
    source: z.string(),
    source_words: z.int(),
    keywords: z.array(z.string()),
    summary: z.array(z.string()).min(1),
    sections: z.array(OutlineSection).min(1),
  }),
});

/** What each of the later steps hands on: the article as it is now, by file. */
const Article = z.object({
  title: z.string(),
  source: z.string(),
  source_words: z.int(),
  keywords: z.array(z.string()),
  markdown_uri: z.string(),
  words: z.int(),
});

export const contentDraft = defineCapability({
  name: 'content.draft',
  input: z.object({ previous_result: contentOutline.output, words: z.int().min(50).max(20_000).default(700).describe('How long it may be, about') }),
  output: Article,
});

export const Change = z.object({ rule: z.string(), from: z.string(), to: z.string(), count: z.int() });
export type Change = z.output<typeof Change>;

export const contentEdit = defineCapability({
  name: 'content.edit',
  input: z.object({ previous_result: contentDraft.output }),
  output: Article.extend({
    changes: z.array(Change).describe('What was put right, the most frequent first'),
    notes: z.array(z.object({ rule: z.string(), text: z.string(), message: z.string() })).describe('What only a person can decide'),
  }),
});

export const contentFormat = defineCapability({
  name: 'content.format',
  input: z.object({ previous_result: contentEdit.output, language: z.string().min(2).max(10).default('en') }),
  output: z.object({ html_uri: z.string(), markdown_uri: z.string(), title: z.string(), words: z.int(), reading_minutes: z.int(), changes: z.int() }),
});
