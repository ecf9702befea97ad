/** `chart.render`: the charts of the dashboard, each as SVG and PNG, for wide and for narrow screens. */
import { defineCapability } from '@baton/core';
import { z } from 'zod';

export const Currency = z.string().regex(/^[A-Z]{3}$/, 'must be an ISO 4217 code like USD');

export const chartIds = ['weekly', 'categories', 'heat'] as const;
export type ChartId = (typeof chartIds)[number];

const Rendering = z.object({
  svg_uri: z.string(),
  png_uri: z.string().describe('Twice as many pixels as width and height say'),
  width: z.int(),
  height: z.int(),
});
export type Rendering = z.output<typeof Rendering>;

export const Chart = z.object({ id: z.enum(chartIds), alt: z.string(), wide: Rendering, narrow: Rendering });
export type Chart = z.output<typeof Chart>;

export const chartRender = defineCapability({
  name: 'chart.render',
  input: z.object({ kpis_uri: z.string(), currency: Currency.nullable().default(null) }),
  output: z.object({ charts: z.array(Chart) }),
});
