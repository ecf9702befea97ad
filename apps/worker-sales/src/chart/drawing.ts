/** From a vega-lite specification to SVG, and from that to PNG. No canvas, no browser; the typeface comes along, as a bare machine has none. */

import { fileURLToPath } from 'node:url';
import { shortAmount, typeface } from '@baton/page';
import { Resvg } from '@resvg/resvg-js';
import { expressionFunction, parse, View } from 'vega';
import { compile, type TopLevelSpec } from 'vega-lite';
import { measureInInter } from './text-width.ts';

export interface Drawing {
  readonly svg: string;
  readonly png: Uint8Array;
  /** In CSS pixels; the PNG has `pixelsPerPoint` times as many. */
  readonly width: number;
  readonly height: number;
}

export const pixelsPerPoint = 2;

const fontFiles = [
  import.meta.resolve('@expo-google-fonts/inter/400Regular/Inter_400Regular.ttf'),
  import.meta.resolve('@expo-google-fonts/inter/600SemiBold/Inter_600SemiBold.ttf'),
].map((url) => fileURLToPath(url));

// For the axes' labels: `amount(datum.value, "USD")`. Vega has one registry for the process.
expressionFunction('amount', (value: number, currency: string | null) => shortAmount(value, currency));
measureInInter();

export async function draw(spec: TopLevelSpec): Promise<Drawing> {
  const view = new View(parse(compile(spec).spec), { renderer: 'none' });
  try {
    const svg = await view.toSVG();
    // System fonts only for what Inter lacks, like Chinese.
    const font = { fontFiles, loadSystemFonts: true, defaultFontFamily: typeface };
    const image = new Resvg(svg, { font, fitTo: { mode: 'zoom', value: pixelsPerPoint } }).render();
    return { svg, png: image.asPng(), width: Math.round(image.width / pixelsPerPoint), height: Math.round(image.height / pixelsPerPoint) };
  } finally {
    view.finalize();
  }
}
