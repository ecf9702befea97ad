/** Which category sold in which week: one cell each, darker for more; a week without a sale stays empty. */
import type { TopLevelSpec } from 'vega-lite';
import { type Kpis, otherCategories } from '../capability/analytics-kpis.ts';
import { colour, heatRange, look, type Size } from './look.ts';
import { dayLabels } from './weekly-chart.ts';

const rowHeight = 30;
/** What fits a phone. */
const narrowWeeksMax = 13;

export function heatChart({ heat, weekly, categories }: Kpis, currency: string | null, size: Size): TopLevelSpec {
  const weeks = weekly.map(({ week }) => week).slice(size.isNarrow ? -narrowWeeksMax : 0);
  const every = Math.ceil(weeks.length / (size.isNarrow ? 4 : 8));
  const ticks = weeks.filter((_, index) => (weeks.length - 1 - index) % every === 0);
  const names = categories.map(({ category }) => category).filter((category) => category !== otherCategories);
  return {
    data: { values: heat.filter(({ week }) => weeks.includes(week)) },
    width: size.width,
    height: names.length * rowHeight + 74,
    autosize: { type: 'fit', contains: 'padding' },
    config: look(size),
    mark: { type: 'rect', cornerRadius: 2, stroke: colour.paper, strokeWidth: 2 },
    encoding: {
      x: {
        field: 'week',
        type: 'ordinal',
        scale: { domain: weeks },
        axis: { title: null, values: ticks, labelAngle: 0, labelExpr: dayLabels(ticks), labelOverlap: false, domain: false },
      },
      y: {
        field: 'category',
        type: 'nominal',
        scale: { domain: names },
        axis: { title: null, domain: false, labelColor: colour.ink, labelLimit: size.isNarrow ? 104 : 170, labelPadding: 10 },
      },
      color: {
        field: 'total',
        type: 'quantitative',
        scale: { range: [...heatRange], type: 'sqrt' },
        legend: {
          title: null,
          orient: 'bottom',
          direction: 'horizontal',
          gradientLength: size.isNarrow ? 150 : 220,
          gradientThickness: 8,
          tickCount: 3,
          labelExpr: `amount(datum.value, ${JSON.stringify(currency)})`,
          offset: 14,
        },
      },
    },
  };
}
