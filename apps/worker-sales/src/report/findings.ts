/** What the report says, in words, once for HTML, plain text and the result: headline, tiles, and what was left out and why. */
import { day, fullAmount, moved, share, shortAmount, wholeNumber } from '@baton/page';
import type { z } from 'zod';
import type { Kpis } from '../capability/analytics-kpis.ts';
import type { DropReason, MendReason } from '../capability/data-clean.ts';
import type { reportAssemble, Wording } from '../capability/report-assemble.ts';

export type ReportInput = z.output<typeof reportAssemble.input>;

export interface Tile {
  readonly label: string;
  readonly value: string;
  readonly change: number | null;
  readonly than: string;
}

export function headline({ last_week }: Kpis, { wording, currency }: Pick<ReportInput, 'wording' | 'currency'>): string {
  const than = last_week.change === null ? '' : `, ${moved(last_week.change)} on the week before`;
  return `${wording.amount} of ${shortAmount(last_week.total, currency)} in the week of ${day(last_week.week, { year: true })}${than}`;
}

/** The second sentence: the span as a whole, and what carried it. */
export function lede({ current, change: changes, weeks, categories, best_week }: Kpis, { currency }: Pick<ReportInput, 'currency'>): string {
  const than = changes.total === null ? '' : `, ${moved(changes.total)} on the ${weeks} weeks before`;
  const [first] = categories;
  const biggest = first === undefined ? '' : ` ${first.category} made ${share(first.share)} of it.`;
  const best = `The best week was that of ${day(best_week.week, { year: false })}, with ${shortAmount(best_week.total, currency)}.`;
  return `The last ${weeks} weeks came to ${shortAmount(current.total, currency)}${than}.${biggest} ${best}`;
}

export function tiles({ last_week, current, change: changes, weeks }: Kpis, wording: Wording, currency: string | null): readonly Tile[] {
  const than = `previous ${weeks} weeks`;
  return [
    { label: 'Last week', value: shortAmount(last_week.total, currency), change: last_week.change, than: 'week before' },
    { label: `Last ${weeks} weeks`, value: shortAmount(current.total, currency), change: changes.total, than },
    { label: wording.count, value: wholeNumber(current.count), change: changes.count, than },
    {
      label: `Average per ${wording.item.toLowerCase()}`,
      value: current.average >= 10_000 ? shortAmount(current.average, currency) : fullAmount(current.average, currency),
      change: changes.average,
      than,
    },
  ];
}

const dropped: Readonly<Record<DropReason, (until: string) => string>> = {
  no_date: () => 'no date',
  unreadable_date: () => 'a date that cannot be read for certain',
  after_until: (until) => `dated after ${day(until, { year: true })}, the last day of this report`,
  no_amount: () => 'no amount',
  unreadable_amount: () => 'an amount that is not a number',
  zero_amount: () => 'an amount of zero',
  no_category: () => 'no category',
  duplicate: () => 'the same as an earlier row',
};

const mended: Readonly<Record<MendReason, string>> = {
  date_rewritten: 'dates were brought into one format',
  amount_rewritten: 'amounts were read as numbers',
  category_trimmed: 'categories lost stray spaces',
  category_spelling: 'categories were given the spelling that came first',
  category_filled: 'rows without a category were kept, under a name of their own',
};

export interface LeftOut {
  readonly count: number;
  readonly why: string;
  readonly examples: readonly string[];
}

export function leftOut({ fetched, cleaned }: Pick<ReportInput, 'fetched' | 'cleaned'>): readonly LeftOut[] {
  const broken = {
    count: fetched.broken.count,
    why: 'broken in the source',
    examples: fetched.broken.examples.map(({ at, reason }) => `line ${at}: ${reason}`),
  };
  const reasons = cleaned.dropped.map(({ reason, count, examples }) => ({
    count,
    why: dropped[reason](cleaned.until),
    examples: examples.map(({ at, value, label }) => {
      const where = label === '' ? `row ${at}` : `“${label}” in row ${at}`;
      return value === '' || reason === 'zero_amount' ? where : `${where}: ${value}`;
    }),
  }));
  return [broken, ...reasons].filter(({ count }) => count > 0).toSorted((a, b) => b.count - a.count);
}

export function mendings({ cleaned }: Pick<ReportInput, 'cleaned'>): readonly string[] {
  return cleaned.mended.map(({ reason, count }) => `${wholeNumber(count)} ${mended[reason]}`);
}

export function coverage({ fetched, cleaned }: Pick<ReportInput, 'fetched' | 'cleaned'>, { current }: Kpis): string {
  const all = fetched.rows + fetched.broken.count;
  return `${wholeNumber(cleaned.rows)} of the ${wholeNumber(all)} rows of the source could be used; ${wholeNumber(current.count)} of them fall into the period.`;
}
