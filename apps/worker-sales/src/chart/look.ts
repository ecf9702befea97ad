/** How all charts look: the page's palette and typeface, few lines. */
import { colour, typeface } from '@baton/page';
import type { Config } from 'vega-lite';

/** From hardly anything to a lot, for the heat map. */
export const heatRange = ['#dfe6fb', '#bccbf5', '#7f9aea', '#2f54d0', '#142a78'] as const;

/** A chart's size in CSS pixels; the narrow one is made for a phone, not scaled down to it. */
export const sizes = {
  wide: { width: 664, fontSize: 12, isNarrow: false },
  narrow: { width: 342, fontSize: 12, isNarrow: true },
} as const;
export type Size = (typeof sizes)[keyof typeof sizes];

/** How long the name of a category may be; beyond, it ends in dots. */
export function labelLimit({ isNarrow }: Size): number {
  return isNarrow ? 116 : 180;
}

export function look({ fontSize }: Size): Config {
  return {
    background: colour.paper,
    font: typeface,
    // The last label of an axis reaches beyond it; vega does not make room for that.
    padding: { left: 2, right: 16, top: 6, bottom: 2 },
    view: { stroke: null },
    axis: {
      labelColor: colour.text,
      labelFontSize: fontSize,
      labelPadding: 6,
      titleColor: colour.faint,
      titleFontSize: fontSize,
      titleFontWeight: 'normal',
      gridColor: colour.line,
      domainColor: colour.line,
      tickColor: colour.line,
      ticks: false,
    },
    legend: { labelColor: colour.text, labelFontSize: fontSize, titleColor: colour.faint, titleFontSize: fontSize, titleFontWeight: 'normal' },
    text: { font: typeface, fontSize, color: colour.text },
  };
}
