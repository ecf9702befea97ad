/** `report.assemble`: the e-mail for the sales lead, as one HTML file and as an `.eml` message that any mail program opens. Nothing is sent. */
import { defineCapability } from '@baton/core';
import { z } from 'zod';
import { Chart, Currency } from './chart-render.ts';
import { dataClean } from './data-clean.ts';
import { dataFetch } from './data-fetch.ts';

/** What the report calls things. */
export const Wording = z.object({
  amount: z.string().min(1).max(40).default('Revenue'),
  count: z.string().min(1).max(40).default('Sales'),
  category: z.string().min(1).max(40).default('Category'),
  item: z.string().min(1).max(40).default('Item'),
});
export type Wording = z.output<typeof Wording>;

export const reportAssemble = defineCapability({
  name: 'report.assemble',
  input: z.object({
    title: z.string().min(1).max(200),
    recipient: z.email().default('sales-lead@example.com'),
    currency: Currency.nullable().default(null),
    wording: Wording.prefault({}),
    kpis_uri: z.string(),
    charts: z.array(Chart),
    fetched: dataFetch.output.pick({ source: true, rows: true, broken: true }),
    cleaned: dataClean.output.pick({ rows_in: true, rows: true, until: true, dropped: true, mended: true }),
  }),
  output: z.object({
    html_uri: z.string(),
    eml_uri: z.string(),
    subject: z.string(),
    headline: z.string(),
    bytes: z.object({ html: z.int(), eml: z.int() }),
  }),
});
