import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { createFileExchange } from '@baton/files';
import { NonRetryableError } from '@baton/worker';
import { Resvg } from '@resvg/resvg-js';
import { expect, onTestFinished, test } from 'vitest';
import type { Kpis } from '../capability/analytics-kpis.ts';
import { chartIds, chartRender } from '../capability/chart-render.ts';
import { sampleKpis } from '../fixture/kpis.ts';
import { fakeContext, temporaryFolder } from '../fixture/local-run.ts';
import { chartKinds, createChartRender } from './chart-agent.ts';
import { draw, pixelsPerPoint } from './drawing.ts';
import { sizes } from './look.ts';
import { textWidth } from './text-width.ts';

/** The pixels of a PNG, by way of a picture that shows nothing else. */
function pixels(png: Uint8Array, width: number, height: number): Buffer {
  const href = `data:image/png;base64,${Buffer.from(png).toString('base64')}`;
  return new Resvg(
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}"><image href="${href}" width="${width}" height="${height}"/></svg>`,
  ).render().pixels;
}

/** So many weeks, and so long a category, that the label of the last week reaches beyond the axis. */
function quarter(): Kpis {
  const category = 'Donaudampfschifffahrtsgesellschaft';
  const kpis = sampleKpis(category);
  const weekly = Array.from({ length: 13 }, (_, index) => {
    const week = new Date(Date.UTC(2024, 8, 2) + index * 7 * 86_400_000).toISOString().slice(0, 10);
    return { ...kpis.last_week, week };
  });
  return { ...kpis, weekly, heat: weekly.map(({ week, total }) => ({ week, category, total })) };
}

function unequal(a: Buffer, b: Buffer): number {
  let count = 0;
  for (let at = 0; at < a.length; at += 4) if (a.readUInt32LE(at) !== b.readUInt32LE(at)) count += 1;
  return count;
}

test('draws each chart for wide and narrow screens, as SVG and as PNG of twice the size', async () => {
  const folder = await temporaryFolder();
  onTestFinished(() => folder[Symbol.asyncDispose]());
  const exchange = createFileExchange(folder.path, NonRetryableError);
  const context = fakeContext();
  const kpis_uri = await exchange.write(context, 'kpis.json', JSON.stringify(sampleKpis()));
  const { charts } = chartRender.output.parse(await createChartRender(exchange)(chartRender.input.parse({ kpis_uri, currency: 'EUR' }), context));
  expect(charts.map(({ id }) => id)).toEqual(chartIds);
  for (const { id, alt, wide, narrow } of charts) {
    expect(alt, id).not.toBe('');
    for (const [drawing, size] of [
      [wide, sizes.wide],
      [narrow, sizes.narrow],
    ] as const) {
      const png = await readFile(fileURLToPath(drawing.png_uri));
      expect(drawing.width).toBe(size.width);
      expect([png.readUInt32BE(16), png.readUInt32BE(20)]).toEqual([drawing.width * 2, drawing.height * 2]);
      expect(await readFile(fileURLToPath(drawing.svg_uri), 'utf8')).toMatch(/^<svg/);
    }
  }
});

test.each(chartIds)('%s: its text stands in the PNG, and all of it is inside', async (id) => {
  const { svg, png, ...size } = await draw(chartKinds[id].spec(quarter(), 'EUR', sizes.narrow));
  expect(svg).toContain(id === 'weekly' ? 'Nov 25' : 'Music');
  const [width, height] = [size.width * pixelsPerPoint, size.height * pixelsPerPoint];
  const drawn = pixels(png, width, height);
  const bare = new Resvg(svg.replace(/<text.*?<\/text>/gs, ''), { fitTo: { mode: 'zoom', value: pixelsPerPoint } }).render().pixels;
  expect(unequal(drawn, bare)).toBeGreaterThan(200);
  // No ink on the outermost pixels: nothing is cut off.
  const isPaper = (x: number, y: number): boolean => drawn[(y * width + x) * 4] === 255;
  for (let y = 0; y < height; y += 1) expect(isPaper(0, y) && isPaper(width - 1, y), `row ${y}`).toBe(true);
});

test('names from data cannot get out of the text: they are escaped in the SVG, and no expression', async () => {
  const { svg } = await draw(chartKinds.categories.spec(sampleKpis('<script>alert(1)</script>'), null, sizes.wide));
  expect(svg).not.toContain('<script');
  expect(svg).toContain('&lt;script&gt;');
});

test.each<[string, (kpis: Kpis) => Kpis]>([
  [
    'only zeros',
    (kpis) => ({
      ...kpis,
      weekly: kpis.weekly.map((week) => ({ ...week, total: 0, trend: 0 })),
      categories: kpis.categories.map((row) => ({ ...row, total: 0, previous_total: 0 })),
    }),
  ],
  ['losses', (kpis) => ({ ...kpis, categories: kpis.categories.map((row) => ({ ...row, total: -row.total, previous_total: 0 })) })],
  ['no cells', (kpis) => ({ ...kpis, heat: [] })],
])('%s are drawn too', async (_, change) => {
  for (const id of chartIds)
    await expect(draw(chartKinds[id].spec(change(sampleKpis()), null, sizes.wide))).resolves.toMatchObject({ width: sizes.wide.width });
});

test.each(['Thriller/Suspense', 'Romantic Comedy', 'WWW', 'illiquid', '$1,234.50', 'Jul 12', 'Größe'])(
  '%s is measured as wide as it is drawn, or a little wider',
  (text) => {
    const fontFiles = [import.meta.resolve('@expo-google-fonts/inter/400Regular/Inter_400Regular.ttf')].map((url) => fileURLToPath(url));
    const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="900" height="100"><text y="50" font-family="Inter" font-size="40">${text}</text></svg>`;
    const drawn = new Resvg(svg, { font: { fontFiles, loadSystemFonts: false } }).getBBox()?.width ?? 0;
    expect(textWidth(text, 40) / drawn).toBeGreaterThan(0.98);
    expect(textWidth(text, 40) / drawn).toBeLessThan(1.3);
  },
);
