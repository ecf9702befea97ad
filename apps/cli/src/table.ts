/** Aligned columns that fit the width: what is too wide is shortened, the widest first. */
import { type Style, styled, tame } from './terminal.ts';

export interface Cell {
  readonly text: string;
  readonly style?: Style;
  readonly align?: 'right';
}

const gap = '  ';
const cellWidthMin = 6;

export function cell(text: string, style?: Style): Cell {
  return style === undefined ? { text: tame(text) } : { text: tame(text), style };
}

/** @returns the lines, without line ends */
export function table(rows: readonly (readonly Cell[])[], columns: number): string[] {
  const widths = fitted(naturalWidths(rows), columns);
  return rows.map((row) =>
    row
      .map((one, index) => painted(one, widths[index] ?? 0, index === row.length - 1))
      .join(gap)
      .trimEnd(),
  );
}

/** A head row for a table: quiet capitals. */
export function head(...titles: readonly string[]): Cell[] {
  return titles.map((title) => cell(title.toUpperCase(), 'dim'));
}

function painted({ text, style, align }: Cell, width: number, isLast: boolean): string {
  const short = shortened(text, width);
  const padding = ' '.repeat(Math.max(0, width - short.length));
  if (align === 'right') return padding + styled(style, short);
  return styled(style, short) + (isLast ? '' : padding);
}

export function shortened(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, Math.max(0, width - 1))}…`;
}

function naturalWidths(rows: readonly (readonly Cell[])[]): number[] {
  const count = rows.reduce((most, row) => Math.max(most, row.length), 0);
  return Array.from({ length: count }, (_, index) => rows.reduce((most, row) => Math.max(most, row[index]?.text.length ?? 0), 0));
}

function fitted(widths: number[], columns: number): number[] {
  const room = columns - gap.length * (widths.length - 1);
  let excess = widths.reduce((sum, width) => sum + width, 0) - room;
  while (excess > 0) {
    const widest = widths.indexOf(Math.max(...widths));
    if ((widths[widest] ?? 0) <= cellWidthMin) break;
    widths[widest] = (widths[widest] ?? 0) - 1;
    excess -= 1;
  }
  return widths;
}
