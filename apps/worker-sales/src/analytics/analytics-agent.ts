/** The analytics agent: the KPIs of the last weeks, by week and by category, out of DuckDB. */

import type { FileExchange } from '@baton/files';
import { type HandlerContext, NonRetryableError } from '@baton/worker';
import { z } from 'zod';
import { type analyticsKpis, Kpis, otherCategories } from '../capability/analytics-kpis.ts';
import * as query from './kpi-query.ts';
import { openSalesDatabase, type SalesDatabase } from './sales-database.ts';

type Input = z.output<typeof analyticsKpis.input>;
type Output = z.output<typeof analyticsKpis.output>;

export function createKpis(exchange: FileExchange): (input: Input, context: HandlerContext) => Promise<Output> {
  return async (input, context) => {
    const path = await exchange.locate(input.uri);
    using database = await openSalesDatabase(path, context.signal);
    context.progress(50, 'sales loaded');
    const kpis = await kpisOf(database, input);
    const uri = await exchange.write(context, 'kpis.json', JSON.stringify(kpis));
    const { current, change, last_week, best_week } = kpis;
    return { uri, rows: kpis.all_time.count, headline: { current, change, last_week, best_week } };
  };
}

const { all_time, current, weekly, categories, heat, top_items } = Kpis.shape;
const Totals = current.pick({ total: true, count: true, average: true });
const CategoryTotals = categories.element.omit({ share: true, change: true });

/** The last week is the one of the last sale, so a file of last year reports on last year. */
async function kpisOf(database: SalesDatabase, { weeks, top }: Input): Promise<Kpis> {
  const [all] = await database.rows(
    query.allTime,
    {},
    all_time.extend({ last_week: z.iso.date().nullable(), from: z.string().nullable(), to: z.string().nullable() }),
  );
  if (all === undefined || all.last_week === null) throw new NonRetryableError('There are no sales to analyse.');
  const to = all.last_week;
  const from = addDays(to, -7 * (weeks - 1));
  const before = addDays(from, -7 * weeks);
  const [now] = await database.rows(query.span, { from, to }, Totals);
  const [then] = await database.rows(query.span, { from: before, to: addDays(from, -7) }, Totals);
  const series = await database.rows(query.weekly, { before, from, to }, weekly.element);
  const all_categories = await database.rows(query.categories, { before, from, to }, CategoryTotals);
  const named = all_categories.slice(0, top).map(({ category }) => category);
  const cells = await database.rows(query.heat, { from, to }, heat.element);
  const last = series.at(-1);
  if (now === undefined || then === undefined || last === undefined) throw new Error('An aggregate without a row.');
  return Kpis.parse({
    weeks,
    all_time: all,
    current: { ...now, from, to: addDays(to, 6) },
    previous: { ...then, from: before, to: addDays(from, -1) },
    change: { total: relativeChange(now.total, then.total), count: relativeChange(now.count, then.count), average: relativeChange(now.average, then.average) },
    weekly: series,
    last_week: last,
    best_week: series.reduce((best, week) => (week.total > best.total ? week : best)),
    categories: ranked(all_categories, top, now.total),
    category_count: all_categories.length,
    heat: cells.filter(({ category }) => named.includes(category)),
    top_items: await database.rows(query.topItems, { from, to, top }, top_items.element),
  });
}

function ranked(rows: readonly z.output<typeof CategoryTotals>[], top: number, total: number): Kpis['categories'] {
  const rest = rows.slice(top);
  const sum = (pick: (row: (typeof rows)[number]) => number): number => rest.reduce((all, row) => all + pick(row), 0);
  const others = {
    category: otherCategories,
    total: sum((row) => row.total),
    count: sum((row) => row.count),
    previous_total: sum((row) => row.previous_total),
  };
  const shown = rest.length === 0 ? rows : [...rows.slice(0, top), { ...others, average: others.total / others.count }];
  return shown.map((row) => ({ ...row, share: total === 0 ? 0 : row.total / total, change: relativeChange(row.total, row.previous_total) }));
}

function relativeChange(now: number, then: number): number | null {
  return then === 0 ? null : (now - then) / Math.abs(then);
}

function addDays(date: string, days: number): string {
  return new Date(Date.parse(date) + days * 86_400_000).toISOString().slice(0, 10);
}
