/** The chart agent: three charts, each drawn for wide and for narrow screens. */

import { readFile } from 'node:fs/promises';
import type { FileExchange } from '@baton/files';
import { day, shortAmount, span } from '@baton/page';
import type { HandlerContext } from '@baton/worker';
import type { TopLevelSpec } from 'vega-lite';
import type { z } from 'zod';
import { Kpis } from '../capability/analytics-kpis.ts';
import { type Chart, type ChartId, chartIds, type chartRender, type Rendering } from '../capability/chart-render.ts';
import { categoriesChart } from './categories-chart.ts';
import { draw } from './drawing.ts';
import { heatChart } from './heat-chart.ts';
import { type Size, sizes } from './look.ts';
import { weeklyChart } from './weekly-chart.ts';

type Input = z.output<typeof chartRender.input>;
type Output = z.output<typeof chartRender.output>;

interface ChartKind {
  readonly spec: (kpis: Kpis, currency: string | null, size: Size) => TopLevelSpec;
  readonly alt: (kpis: Kpis, currency: string | null) => string;
}

export const chartKinds: Readonly<Record<ChartId, ChartKind>> = {
  weekly: {
    spec: weeklyChart,
    alt: ({ current, best_week }, currency) =>
      `Bars by week, ${span(current)}: ${shortAmount(current.total, currency)} in all, most in the week of ${day(best_week.week, { year: true })} with ${shortAmount(best_week.total, currency)}.`,
  },
  categories: {
    spec: categoriesChart,
    alt: ({ categories }, currency) =>
      `Bars by category: ${categories.map(({ category, total }) => `${category} ${shortAmount(total, currency)}`).join(', ')}.`,
  },
  heat: { spec: heatChart, alt: ({ current }) => `A grid of categories by week, ${span(current)}; darker cells sold more.` },
};

export function createChartRender(exchange: FileExchange): (input: Input, context: HandlerContext) => Promise<Output> {
  return async ({ kpis_uri, currency }, context) => {
    const kpis = Kpis.parse(JSON.parse(await readFile(await exchange.locate(kpis_uri), 'utf8')));
    const render = async (id: ChartId, name: keyof typeof sizes): Promise<Rendering> => {
      context.signal.throwIfAborted();
      const { svg, png, width, height } = await draw(chartKinds[id].spec(kpis, currency, sizes[name]));
      const svg_uri = await exchange.write(context, `${id}-${name}.svg`, svg);
      return { svg_uri, png_uri: await exchange.write(context, `${id}-${name}.png`, png), width, height };
    };
    const charts: Chart[] = [];
    for (const [index, id] of chartIds.entries()) {
      charts.push({ id, alt: chartKinds[id].alt(kpis, currency), wide: await render(id, 'wide'), narrow: await render(id, 'narrow') });
      context.progress((100 * (index + 1)) / chartIds.length, `${id} drawn`);
    }
    return { charts };
  };
}
