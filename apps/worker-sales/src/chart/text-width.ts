/**
 * How wide a text is in Inter, near enough to lay labels out. Vega measures with a canvas, which is not there, or else takes every letter for
 * 0.8 em: labels are then cut though there is room.
 */
import * as vega from 'vega';

/** In em, on the wide side: a label that is cut is worse than one with air. */
const widths: readonly (readonly [RegExp, number])[] = [
  [/[ijlI.,:;'|!]/, 0.29],
  [/[ftr()[\]\-/\s]/, 0.39],
  [/[W@]/, 1.02],
  [/[mwM%—]/, 0.89],
  [/[A-Z0-9$€£&+−]/, 0.67],
  [/[\u1100-\uffff]/, 1.02],
];
const otherwise = 0.59;

export function textWidth(text: string, fontSize: number): number {
  let em = 0;
  for (const character of text) em += widths.find(([shape]) => shape.test(character))?.[1] ?? otherwise;
  return em * fontSize;
}

/** What vega hands to its `textMetrics`; the typings leave them out. */
interface TextItem {
  readonly fontSize?: number;
  readonly limit?: number;
}
const { textMetrics } = vega as unknown as { textMetrics: { width: (item: TextItem, text: string | number | null) => number } };

/** Makes vega measure with `textWidth`; it has one way of measuring for the process. */
export function measureInInter(): void {
  textMetrics.width = ({ fontSize = 11, limit = 0 }, text) => {
    const width = textWidth(`${text ?? ''}`, fontSize);
    return limit > 0 ? Math.min(limit, width) : width;
  };
}
