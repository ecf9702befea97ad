/** The weekly sales dashboard: fetch, clean, analyse, draw, report. Column names are parameters, so it runs on any file with a date, an amount and a category. */
import { defineWorkflow } from '@baton/core';
import { z } from 'zod';
import { analyticsKpis } from './capability/analytics-kpis.ts';
import { Currency, chartRender } from './capability/chart-render.ts';
import { CleaningRules, Columns, dataClean } from './capability/data-clean.ts';
import { dataFetch } from './capability/data-fetch.ts';
import { reportAssemble, Wording } from './capability/report-assemble.ts';

const minute = 60_000;

export const SalesDashboardParams = z.strictObject({
  source: dataFetch.input.shape.source,
  format: dataFetch.input.shape.format,
  columns: Columns,
  rules: CleaningRules.prefault({}),
  until: dataClean.input.shape.until,
  weeks: analyticsKpis.input.shape.weeks,
  title: reportAssemble.input.shape.title.default('Weekly sales'),
  currency: Currency.nullable().default(null),
  wording: Wording.prefault({}),
  recipient: reportAssemble.input.shape.recipient,
});
export type SalesDashboardParams = z.input<typeof SalesDashboardParams>;

export const salesDashboard = defineWorkflow({
  name: 'sales_dashboard',
  version: 1,
  description: 'A report on the last weeks of sales, from a CSV or JSON file, as HTML and as an e-mail.',
  input: SalesDashboardParams,
  timeoutMs: 30 * minute,
})
  .step('fetch', {
    capability: dataFetch,
    params: ({ input }) => ({ source: input.source, format: input.format }),
    retry: { attempts: 5, backoffMs: 1_000 },
    attemptTimeoutMs: 10 * minute,
  })
  .step('clean', {
    capability: dataClean,
    params: ({ input, steps }) => ({ uri: steps.fetch.uri, columns: input.columns, rules: input.rules, until: input.until }),
    attemptTimeoutMs: 10 * minute,
  })
  .step('kpis', {
    capability: analyticsKpis,
    params: ({ input, steps }) => ({ uri: steps.clean.uri, weeks: input.weeks }),
    attemptTimeoutMs: 5 * minute,
  })
  .step('charts', {
    capability: chartRender,
    params: ({ input, steps }) => ({ kpis_uri: steps.kpis.uri, currency: input.currency }),
    attemptTimeoutMs: 2 * minute,
  })
  .step('report', {
    capability: reportAssemble,
    params: ({ input, steps }) => ({
      title: input.title,
      recipient: input.recipient,
      currency: input.currency,
      wording: input.wording,
      kpis_uri: steps.kpis.uri,
      charts: steps.charts.charts,
      fetched: steps.fetch,
      cleaned: steps.clean,
    }),
    attemptTimeoutMs: 2 * minute,
  })
  .result(({ steps }) => ({
    headline: steps.report.headline,
    html_uri: steps.report.html_uri,
    eml_uri: steps.report.eml_uri,
    subject: steps.report.subject,
    kpis: steps.kpis.headline,
    rows: steps.clean.rows,
    dropped: steps.clean.dropped_counts,
  }));
