/** The report agent: one HTML file that needs nothing else, and the same as a message with its charts inside. */

import { readFile } from 'node:fs/promises';
import type { FileExchange } from '@baton/files';
import { fontFace, Html } from '@baton/page';
import type { HandlerContext } from '@baton/worker';
import type { z } from 'zod';
import { Kpis } from '../capability/analytics-kpis.ts';
import type { Chart } from '../capability/chart-render.ts';
import type { reportAssemble } from '../capability/report-assemble.ts';
import { headline } from './findings.ts';
import { type InlineImage, message } from './message.ts';
import { type Page, page } from './page.ts';
import { plainText } from './plain-text.ts';

export interface ReportAgentOptions {
  readonly exchange: FileExchange;
  readonly now: () => number;
}

/** The Latin part of the typeface of the charts: 48 kB. */
const font = import.meta.resolve('@fontsource-variable/inter/files/inter-latin-wght-normal.woff2');

type Input = z.output<typeof reportAssemble.input>;
type Output = z.output<typeof reportAssemble.output>;

export function createReportAssemble({ exchange, now }: ReportAgentOptions): (input: Input, context: HandlerContext) => Promise<Output> {
  return async (input, context) => {
    const kpis = Kpis.parse(JSON.parse(await readFile(await exchange.locate(input.kpis_uri), 'utf8')));
    const images = await readImages(input.charts, exchange);
    context.progress(30, 'charts read');
    const content = { input, kpis, workflowId: context.workflowId, generatedAt: now() };
    const document = page({ ...content, imageSource: dataUri(images), fontFace: await fontFace(font) }).text;
    const html_uri = await exchange.write(context, 'report.html', document);
    context.signal.throwIfAborted();
    const finding = headline(kpis, input);
    const subject = `${input.title}: ${finding}`.replace(/\s+/g, ' ');
    const mail = await message({
      to: input.recipient,
      subject,
      text: plainText(content),
      html: page({ ...content, imageSource: (chart, size) => `cid:${cid(chart, size)}`, fontFace: new Html('') }).text,
      images: [...images.values()],
      id: `${context.workflowId}.${context.subtaskId}`,
      date: new Date(content.generatedAt),
    });
    const eml_uri = await exchange.write(context, 'report.eml', mail);
    return { html_uri, eml_uri, subject, headline: finding, bytes: { html: Buffer.byteLength(document), eml: mail.length } };
  };
}

async function readImages(charts: readonly Chart[], exchange: FileExchange): Promise<ReadonlyMap<string, InlineImage>> {
  const images = new Map<string, InlineImage>();
  for (const chart of charts) {
    for (const size of ['wide', 'narrow'] as const) {
      const content = await readFile(await exchange.locate(chart[size].png_uri));
      images.set(cid(chart, size), { cid: cid(chart, size), filename: `${chart.id}-${size}.png`, content });
    }
  }
  return images;
}

function dataUri(images: ReadonlyMap<string, InlineImage>): Page['imageSource'] {
  return (chart, size) => `data:image/png;base64,${Buffer.from(images.get(cid(chart, size))?.content ?? []).toString('base64')}`;
}

function cid(chart: Chart, size: 'wide' | 'narrow'): string {
  return `${chart.id}-${size}@baton.invalid`;
}
