/** Messages by week, as a drawing: what is negative hangs below the line, what is not stands above. */
import { colour, day, type Html, html } from '@baton/page';
import type { Sentiment } from '../capability/feedback.ts';
import { bothWidths } from '../sheet.ts';

type Week = Sentiment['weeks'][number];

const size = { height: 190, bottom: 24, top: 14 } as const;
/** A phone shows the last of them. */
const narrowWeeksMax = 10;

export function weekChart(all: readonly Week[]): Html {
  return bothWidths((width, name) => drawing(name === 'narrow' ? all.slice(-narrowWeeksMax) : all, width, name));
}

function drawing(weeks: readonly Week[], width: number, name: string): Html {
  const above = Math.max(1, ...weeks.map(({ count, negative }) => count - negative));
  const below = Math.max(1, ...weeks.map(({ negative }) => negative));
  const unit = (size.height - size.bottom - size.top * 2) / (above + below);
  const line = size.top + above * unit;
  const step = width / weeks.length;
  const every = Math.ceil(weeks.length / (width / 80));
  const columns = weeks.map((week, index) =>
    column(week, { x: step * (index + 0.5), width: Math.min(34, step * 0.62), line, unit, isLabelled: index % every === 0 }),
  );
  const summary = weeks.map(({ from, count, negative }) => `${day(from, { year: false })}: ${negative} of ${count} negative`).join('; ');
  return html`<svg class="${name}" viewBox="0 0 ${width} ${size.height}" role="img" aria-label="Messages by week. ${summary}">
${columns}<line x1="0" x2="${width}" y1="${round(line)}" y2="${round(line)}" stroke="${colour.faint}" stroke-width="1"/></svg>`;
}

interface Place {
  readonly x: number;
  readonly width: number;
  readonly line: number;
  readonly unit: number;
  readonly isLabelled: boolean;
}

function column({ from, count, negative }: Week, { x, width, line, unit, isLabelled }: Place): Html {
  const up = (count - negative) * unit;
  const down = negative * unit;
  const left = round(x - width / 2);
  const bar = (y: number, height: number, fill: string): Html | null =>
    height === 0 ? null : html`<rect x="${left}" y="${round(y)}" width="${round(width)}" height="${round(height)}" rx="2" fill="${fill}"/>`;
  const text = (y: number, content: string | number): Html =>
    html`<text x="${round(x)}" y="${round(y)}" text-anchor="middle" font-size="11" fill="${colour.text}">${content}</text>`;
  return html`${bar(line - up, up, colour.accentSoft)}${bar(line, down, colour.down)}${count > negative ? text(line - up - 4, count - negative) : null}${negative > 0 ? text(line + down + 12, negative) : null}
${isLabelled ? text(size.height - 4, day(from, { year: false })) : null}`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
