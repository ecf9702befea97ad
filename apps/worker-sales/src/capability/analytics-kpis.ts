/** `analytics.kpis`: the numbers of the last N weeks, compared with the N weeks before. Weeks begin on Monday and are named by that day. */
import { defineCapability } from '@baton/core';
import { z } from 'zod';

const ratio = z.number().nullable().describe('0.12 is 12 % more; null: nothing to compare with');
const Totals = z.object({ total: z.number(), count: z.int(), average: z.number() });
const Week = Totals.extend({ week: z.iso.date(), change: ratio, trend: z.number().describe('Average total of this week and the three before') });
const Category = Totals.extend({ category: z.string(), share: z.number(), previous_total: z.number(), change: ratio });
const Span = z.object({ from: z.iso.date(), to: z.iso.date() });

/** The file behind `uri`. */
export const Kpis = z.object({
  weeks: z.int(),
  all_time: Totals.extend(Span.shape),
  current: Totals.extend(Span.shape),
  previous: Totals.extend(Span.shape),
  change: z.object({ total: ratio, count: ratio, average: ratio }),
  weekly: z.array(Week),
  last_week: Week,
  best_week: Week,
  categories: z.array(Category).describe('The biggest, by total; then the rest in one'),
  category_count: z.int(),
  heat: z.array(z.object({ week: z.iso.date(), category: z.string(), total: z.number() })),
  top_items: z.array(z.object({ label: z.string(), category: z.string(), date: z.iso.date(), total: z.number() })),
});
export type Kpis = z.output<typeof Kpis>;

/** Stands for all categories that are not among the biggest. */
export const otherCategories = 'All others';

export const analyticsKpis = defineCapability({
  name: 'analytics.kpis',
  input: z.object({
    uri: z.string(),
    weeks: z.int().min(2).max(104).default(26),
    top: z.int().min(1).max(12).default(8).describe('How many categories, and how many items, to name'),
  }),
  output: z.object({ uri: z.string().describe('JSON'), rows: z.int(), headline: Kpis.pick({ current: true, change: true, last_week: true, best_week: true }) }),
});
