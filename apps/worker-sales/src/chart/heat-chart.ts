/** Which category sold in which week: one cell each, darker for more; a week without a sale stays empty. */
import { colour } from '@baton/page';
import type { TopLevelSpec } from 'vega-lite';
import { type Kpis, otherCategories } from '../capability/analytics-kpis.ts';
import { heatRange, labelLimit, look, type Size } from './look.ts';
import { amountLabels, dayLabels } from './weekly-chart.ts';

const rowHeight = 30;
/** What fits a phone. */
export const narrowWeeksMax = 13;

export function heatChart({ heat, weekly, categories }: Kpis, currency: string | null, size: Size): TopLevelSpec {
  const weeks = weekly.map(({ week }) => week).slice(size.isNarrow ? -narrowWeeksMax : 0);
  const every = Math.ceil(weeks.length / (size.isNarrow ? 4 : 8));
  const ticks = weeks.filter((_, index) => (weeks.length - 1 - index) % every === 0);
  const names = categories.map(({ category }) => category).filter((category) => category !== otherCategories);
  const x = {
    field: 'week',
    type: 'ordinal',
    scale: { domain: weeks },
    axis: { title: null, values: ticks, labelAngle: 0, labelExpr: dayLabels(ticks), labelOverlap: false, domain: false },
  } as const;
  const y = {
    field: 'category',
    type: 'nominal',
    scale: { domain: names },
    axis: { title: null, domain: false, labelColor: colour.ink, labelLimit: labelLimit(size), labelPadding: 10 },
  } as const;
  const cell = { type: 'rect', cornerRadius: 2, stroke: colour.paper, strokeWidth: 2 } as const;
  const legend = {
    title: null,
    orient: 'bottom',
    direction: 'horizontal',
    gradientLength: size.isNarrow ? 150 : 220,
    gradientThickness: 8,
    tickCount: 3,
    labelExpr: amountLabels(currency),
    offset: 14,
  } as const;
  return {
    width: size.width,
    height: names.length * rowHeight + 74,
    autosize: { type: 'fit', contains: 'padding' },
    config: look(size),
    layer: [
      { data: { values: weeks.flatMap((week) => names.map((category) => ({ week, category }))) }, mark: { ...cell, color: colour.empty }, encoding: { x, y } },
      {
        data: { values: heat.filter(({ week }) => weeks.includes(week)) },
        mark: cell,
        encoding: { x, y, color: { field: 'total', type: 'quantitative', scale: { range: [...heatRange], type: 'sqrt' }, legend } },
      },
    ],
  };
}
