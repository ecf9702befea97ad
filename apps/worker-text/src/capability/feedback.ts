/** What the five agents of the feedback report hand on. Rows go by file (`uri`), figures by value: small enough for a workflow's context. */
import { defineCapability } from '@baton/core';
import { z } from 'zod';

/** One message as it was fetched. */
export const Message = z.object({
  id: z.string(),
  text: z.string(),
  date: z.iso.date().nullable(),
  rating: z.number().nullable(),
  channel: z.string().nullable(),
  author: z.string().nullable(),
});
export type Message = z.output<typeof Message>;

/** A message after cleaning: nobody's name in it. */
export const CleanMessage = Message.omit({ author: true });
export type CleanMessage = z.output<typeof CleanMessage>;

export const moods = ['positive', 'neutral', 'negative'] as const;
export const Mood = z.enum(moods);
export type Mood = z.output<typeof Mood>;

export const ScoredMessage = CleanMessage.extend({ score: z.number().min(-1).max(1), mood: Mood });
export type ScoredMessage = z.output<typeof ScoredMessage>;

const Column = z.string().min(1).max(200);
const day = z.iso.date().nullable().default(null);

export const textFetch = defineCapability({
  name: 'text.fetch',
  input: z.object({
    source: z.string().min(1).max(4_096).describe('A CSV: a path, a file:// URI or an http(s) URL inside the allowed roots'),
    columns: z.object({
      text: Column,
      id: Column.nullable().default(null),
      date: Column.nullable().default(null).describe('Days as 2025-06-30, or anything that begins like that'),
      rating: Column.nullable().default(null),
      channel: Column.nullable().default(null),
      author: Column.nullable().default(null).describe('Whose name is to be removed from the text'),
    }),
    from: day.describe('First day; needs columns.date'),
    to: day.describe('Last day; needs columns.date'),
  }),
  output: z.object({
    uri: z.string().describe('Newline-delimited JSON of messages'),
    source: z.string(),
    rows: z.int(),
    outside: z.int().describe('Rows of other days'),
    undated: z.int().describe('Rows left out because their day cannot be read'),
    broken: z.int().describe('Rows with more or fewer fields than the header'),
    from: z.iso.date().nullable(),
    to: z.iso.date().nullable(),
  }),
});

export const piiKinds = ['email', 'phone', 'card', 'name'] as const;
export const PiiKind = z.enum(piiKinds);
export type PiiKind = z.output<typeof PiiKind>;

export const textClean = defineCapability({
  name: 'text.clean',
  input: z.object({
    input_uri: z.string(),
    remove_pii: z.boolean().default(true),
    country: z.string().length(2).default('GB').describe('Where a phone number without a country code belongs'),
  }),
  output: z.object({
    uri: z.string().describe('Newline-delimited JSON of messages without authors'),
    rows_in: z.int(),
    rows: z.int(),
    dropped: z.object({ empty: z.int(), duplicate: z.int() }),
    removed: z.object({ email: z.int(), phone: z.int(), card: z.int(), name: z.int() }),
  }),
});

const Period = z.object({ from: z.iso.date(), count: z.int(), average: z.number(), negative: z.int() });

export const textSentiment = defineCapability({
  name: 'text.sentiment',
  input: z.object({ input_uri: z.string() }),
  output: z.object({
    uri: z.string().describe('Newline-delimited JSON of messages with score and mood'),
    count: z.int(),
    average: z.number().describe('-1 to 1'),
    moods: z.object({ positive: z.int(), neutral: z.int(), negative: z.int() }),
    weeks: z.array(Period).describe('By Monday; only messages with a date'),
    channels: z.array(z.object({ channel: z.string(), count: z.int(), average: z.number() })),
    rated: z.object({ count: z.int(), average: z.number().nullable(), agreeing: z.int() }).describe('How the mood goes with the stars, where there are any'),
  }),
});
export type Sentiment = z.output<typeof textSentiment.output>;

export const Topic = z.object({ label: z.string(), terms: z.array(z.string()), count: z.int() });
export type Topic = z.output<typeof Topic>;

export const textTopics = defineCapability({
  name: 'text.topics',
  input: z.object({ input_uri: z.string(), topics: z.int().min(2).max(20).default(11) }),
  output: z.object({
    uri: z.string().describe('Newline-delimited JSON of { id, topic }; topic is a place in the list, or null'),
    topics: z.array(Topic),
    unassigned: z.int(),
  }),
});
export type Topics = z.output<typeof textTopics.output>;

export const ActionItem = z.object({
  priority: z.enum(['high', 'medium', 'low']),
  team: z.string(),
  action: z.string(),
  because: z.string(),
  topic: z.string(),
  quotes: z.array(z.object({ id: z.string(), text: z.string() })),
});
export type ActionItem = z.output<typeof ActionItem>;

export const feedbackReport = defineCapability({
  name: 'feedback.report',
  input: z.object({
    title: z.string().min(1).max(200).default('Customer feedback'),
    sentiment_result: textSentiment.output,
    topics: textTopics.output,
    fetched: textFetch.output.omit({ uri: true }),
    cleaned: textClean.output.omit({ uri: true }),
  }),
  output: z.object({ html_uri: z.string(), json_uri: z.string(), headline: z.string(), action_items: z.array(ActionItem) }),
});
