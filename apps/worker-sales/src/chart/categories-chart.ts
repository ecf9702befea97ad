/** Categories by amount: this span as a bar, the span before as a mark on it, the amount and share beside. */
import type { TopLevelSpec } from 'vega-lite';
import type { Kpis } from '../capability/analytics-kpis.ts';
import { share, shortAmount } from '../notation.ts';
import { colour, look, type Size } from './look.ts';

const rowHeight = 34;

export function categoriesChart({ categories }: Kpis, currency: string | null, size: Size): TopLevelSpec {
  const values = categories.map(({ category, total, share: part, previous_total }) => ({
    category,
    total,
    previous: previous_total,
    note: `${shortAmount(total, currency)}  ·  ${share(part)}`,
  }));
  const most = Math.max(0, ...values.flatMap(({ total, previous }) => [total, previous]));
  const least = Math.min(0, ...values.flatMap(({ total, previous }) => [total, previous]));
  const y = {
    field: 'category',
    type: 'nominal',
    sort: null,
    axis: { title: null, domain: false, labelColor: colour.ink, labelLimit: size.isNarrow ? 104 : 170, labelPadding: 10 },
  } as const;
  // Room on the right for the notes, whatever the longest bar.
  const domain = [least * 1.1, most * (size.isNarrow ? 1.62 : 1.28) || 1];
  const x = { type: 'quantitative' as const, axis: null, scale: { domain, nice: false } };
  return {
    data: { values },
    width: size.width,
    height: values.length * rowHeight,
    autosize: { type: 'fit', contains: 'padding' },
    config: look(size),
    layer: [
      {
        mark: { type: 'bar', color: colour.accent, cornerRadiusEnd: 3, height: 18 },
        encoding: { y, x: { field: 'total', ...x } },
      },
      {
        mark: { type: 'tick', color: colour.ink, thickness: 2, height: 24 },
        encoding: { y, x: { field: 'previous', ...x } },
      },
      {
        transform: [{ calculate: 'max(datum.total, datum.previous, 0)', as: 'end' }],
        mark: { type: 'text', align: 'left', dx: 8, color: colour.text },
        encoding: { y, x: { field: 'end', ...x }, text: { field: 'note' } },
      },
    ],
  };
}
