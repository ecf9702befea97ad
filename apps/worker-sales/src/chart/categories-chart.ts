/** Categories by amount: this span as a bar, the span before as a mark on it, the amount beside. */
import { colour, shortAmount } from '@baton/page';
import type { TopLevelSpec } from 'vega-lite';
import type { Kpis } from '../capability/analytics-kpis.ts';
import { labelLimit, look, type Size } from './look.ts';

const rowHeight = 34;

export function categoriesChart({ categories }: Kpis, currency: string | null, size: Size): TopLevelSpec {
  const values = categories.map(({ category, total, previous_total }) => ({ category, total, previous: previous_total, note: shortAmount(total, currency) }));
  const amounts = values.flatMap(({ total, previous }) => [total, previous]);
  const most = Math.max(0, ...amounts);
  const least = Math.min(0, ...amounts);
  const y = {
    field: 'category',
    type: 'nominal',
    sort: null,
    axis: { title: null, domain: false, labelColor: colour.ink, labelLimit: labelLimit(size), labelPadding: 10 },
  } as const;
  // Room for the amounts, which stand in a column on the right.
  const end = (most - least) * (size.isNarrow ? 1.32 : 1.13) + least || 1;
  const x = { type: 'quantitative' as const, axis: null, scale: { domain: [least, end], nice: false } };
  return {
    data: { values },
    width: size.width,
    height: values.length * rowHeight,
    autosize: { type: 'fit', contains: 'padding' },
    config: { ...look(size), padding: { left: 2, right: 2, top: 6, bottom: 2 } },
    layer: [
      {
        mark: { type: 'bar', color: colour.accent, cornerRadiusEnd: 3, height: 18 },
        encoding: { y, x: { field: 'total', ...x } },
      },
      {
        mark: { type: 'tick', color: colour.ink, thickness: 2, height: 24, opacity: 1 },
        encoding: { y, x: { field: 'previous', ...x } },
      },
      {
        mark: { type: 'text', align: 'right', fontWeight: 600, color: colour.ink },
        encoding: { y, x: { datum: end, ...x }, text: { field: 'note' } },
      },
    ],
  };
}
