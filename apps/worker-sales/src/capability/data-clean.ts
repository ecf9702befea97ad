/** `data.clean`: from raw records to sales (a date, an amount, a category, a label), each once, with an account of what was dropped and why. */
import { defineCapability } from '@baton/core';
import { z } from 'zod';

export const Columns = z.object({
  date: z.string().min(1),
  amount: z.string().min(1),
  category: z.string().min(1),
  label: z.string().min(1).nullable().default(null).describe('What was sold, if there is such a column'),
});
export type Columns = z.output<typeof Columns>;

export const CleaningRules = z.object({
  day_first: z.boolean().default(false).describe('31/01/2024 rather than 01/31/2024'),
  decimal: z.enum(['.', ',']).default('.').describe('1,234.50 or 1.234,50'),
  no_category: z.enum(['label', 'drop']).default('label'),
  no_category_label: z.string().min(1).max(100).default('(none)'),
  zero_amount: z.enum(['keep', 'drop']).default('keep'),
  duplicate: z
    .enum(['row', 'sale'])
    .default('row')
    .describe('What makes a duplicate: the same values in all columns, or the same date, amount, category and label'),
});
export type CleaningRules = z.output<typeof CleaningRules>;

export const Sale = z.object({ date: z.iso.date(), amount: z.number(), category: z.string(), label: z.string().nullable() });
export type Sale = z.output<typeof Sale>;

export const dropReasons = ['no_date', 'unreadable_date', 'after_until', 'no_amount', 'unreadable_amount', 'zero_amount', 'no_category', 'duplicate'] as const;
export type DropReason = (typeof dropReasons)[number];

export const mendReasons = ['date_rewritten', 'amount_rewritten', 'category_trimmed', 'category_spelling', 'category_filled'] as const;
export type MendReason = (typeof mendReasons)[number];

const Dropped = z.object({
  reason: z.enum(dropReasons),
  count: z.int(),
  examples: z.array(z.object({ at: z.int(), value: z.string(), label: z.string() })).describe('At most 3; label is what was sold, or else the category'),
});

export const dataClean = defineCapability({
  name: 'data.clean',
  input: z.object({
    uri: z.string(),
    columns: Columns,
    rules: CleaningRules.prefault({}),
    until: z.iso.date().nullable().default(null).describe('The last day to report on; null: today. What is dated later is dropped'),
  }),
  output: z.object({
    uri: z.string().describe('Newline-delimited JSON of { date, amount, category, label }'),
    dropped_uri: z.string().describe('Newline-delimited JSON of { at, reason, value, label, record }'),
    rows_in: z.int(),
    rows: z.int(),
    until: z.iso.date(),
    dropped: z.array(Dropped),
    dropped_counts: z.partialRecord(z.enum(dropReasons), z.int()).describe('The same without the examples'),
    mended: z.array(z.object({ reason: z.enum(mendReasons), count: z.int() })),
  }),
});
