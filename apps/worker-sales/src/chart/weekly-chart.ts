/** Amount by week as bars, the four-week average as a line; the last and the best week carry their numbers. */
import { colour, day, shortAmount } from '@baton/page';
import type { TopLevelSpec } from 'vega-lite';
import type { Kpis } from '../capability/analytics-kpis.ts';
import { look, type Size } from './look.ts';

export function weeklyChart({ weekly, best_week, last_week }: Kpis, currency: string | null, size: Size): TopLevelSpec {
  const every = Math.ceil(weekly.length / (size.isNarrow ? 5 : 9));
  const ticks = weekly.filter((_, index) => (weekly.length - 1 - index) % every === 0).map(({ week }) => week);
  const values = weekly.map(({ week, total, trend }) => ({
    week,
    total,
    trend,
    top: Math.max(total, trend),
    role: week === last_week.week ? 'last' : 'other',
    note: week === last_week.week || week === best_week.week ? shortAmount(total, currency) : null,
  }));
  const x = { field: 'week', type: 'ordinal', axis: { title: null, values: ticks, labelAngle: 0, labelExpr: dayLabels(ticks), labelOverlap: false } } as const;
  const y = {
    field: 'total',
    type: 'quantitative',
    axis: { title: null, tickCount: 4, labelExpr: amountLabels(currency), domain: false },
  } as const;
  return {
    data: { values },
    width: size.width,
    height: size.isNarrow ? 200 : 260,
    autosize: { type: 'fit', contains: 'padding' },
    config: look(size),
    layer: [
      {
        mark: { type: 'bar', cornerRadiusTopLeft: 2, cornerRadiusTopRight: 2, width: { band: 0.72 } },
        encoding: {
          x,
          y,
          color: { field: 'role', type: 'nominal', legend: null, scale: { domain: ['last', 'other'], range: [colour.accent, colour.accentSoft] } },
        },
      },
      {
        mark: { type: 'line', color: colour.ink, strokeWidth: 2, strokeJoin: 'round', strokeCap: 'round' },
        encoding: { x, y: { field: 'trend', type: 'quantitative' } },
      },
      {
        transform: [{ filter: 'datum.note !== null' }],
        mark: { type: 'text', dy: -10, fontWeight: 600, color: colour.ink },
        encoding: { x, y: { field: 'top', type: 'quantitative' }, text: { field: 'note' } },
      },
    ],
  };
}

/** The labels of an ordinal axis, looked up: vega's own dates are in the machine's time zone. */
export function dayLabels(weeks: readonly string[]): string {
  return `(${JSON.stringify(Object.fromEntries(weeks.map((week) => [week, day(week, { year: false })])))})[datum.value]`;
}

/** The labels of an axis of amounts; `amount` is registered where the chart is drawn. */
export function amountLabels(currency: string | null): string {
  return `amount(datum.value, ${JSON.stringify(currency)})`;
}
