/** The report as one HTML document. Where its images come from is the caller's: `data:` in a file, `cid:` in a message. */
import { change, colour, day, type Html, html, share, shortAmount, span, stylesheet, wholeNumber } from '@baton/page';
import { type Kpis, otherCategories } from '../capability/analytics-kpis.ts';
import type { Chart, ChartId, Rendering } from '../capability/chart-render.ts';
import { narrowWeeksMax } from '../chart/heat-chart.ts';
import { coverage, headline, lede, leftOut, mendings, type ReportInput, tiles } from './findings.ts';

export interface Page {
  readonly input: ReportInput;
  readonly kpis: Kpis;
  readonly workflowId: string;
  readonly generatedAt: number;
  readonly imageSource: (chart: Chart, size: 'wide' | 'narrow') => string;
  /** `@font-face` for a file; nothing for a message. */
  readonly fontFace: Html;
}

export function page(content: Page): Html {
  const { input, kpis, fontFace } = content;
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light">
<title>${input.title}</title>
<style>${fontFace}${stylesheet}</style>
</head>
<body>
<div class="sheet">
${opening(content)}
${tileTable(content)}
${figure(content, 'weekly', `${input.wording.amount} by week`, weeklyKeys)}
${figure(content, 'categories', `By ${input.wording.category.toLowerCase()}`, categoryKeys(kpis))}
${categoryTable(content)}
${figure(content, 'heat', `${input.wording.category} by week`, heatKeys(kpis))}
${itemTable(content)}
${quality(content)}
${foot(content)}
</div>
</body>
</html>
`;
}

function opening({ input, kpis }: Page): Html {
  return html`<div class="top">
<p class="eyebrow">${input.title}</p>
<h1>${unbroken(headline(kpis, input))}</h1>
<p class="lede">${lede(kpis, input)}</p>
</div>`;
}

function tileTable({ input, kpis }: Page): Html {
  const cells = tiles(kpis, input.wording, input.currency).map(
    (tile, index) => html`<td class="${index % 2 === 1 ? 'even' : 'odd'}${index > 1 ? ' below' : ''}">
<div class="tile-label">${tile.label}</div>
<div class="tile-value">${tile.value}</div>
<div class="tile-than">${tile.change === null ? 'nothing to compare with' : html`${changeMark(tile.change)}<br>vs ${tile.than}`}</div>
</td>`,
  );
  return html`<div class="part" style="padding-top:0"><table class="tiles" role="presentation"><tr>${cells}</tr></table></div>`;
}

const weeklyKeys = html`<span class="pair"><span class="key" style="background:${colour.accent}"></span>last week</span>
<span class="pair"><span class="key" style="background:${colour.accentSoft}"></span>weeks before</span>
<span class="pair"><span class="rule" style="background:${colour.ink}"></span>four-week average</span>`;

function categoryKeys({ weeks }: Kpis): Html {
  return html`<span class="pair"><span class="key" style="background:${colour.accent}"></span>last ${weeks} weeks</span>
<span class="pair"><span class="tick" style="background:${colour.ink}"></span>${weeks} weeks before</span>`;
}

/** A phone shows fewer weeks. */
function heatKeys({ weeks }: Kpis): Html {
  const fewer = weeks > narrowWeeksMax ? html`<span class="narrow" style="display:none;mso-hide:all">The last ${narrowWeeksMax} weeks. </span>` : null;
  return html`${fewer}Darker cells sold more; an empty cell is a week without any.`;
}

function figure({ input, imageSource }: Page, id: ChartId, title: string, keys: Html): Html {
  const chart = input.charts.find((candidate) => candidate.id === id);
  if (chart === undefined) return html``;
  return html`<div class="part">
<h2>${title}</h2>
<p class="note keys">${keys}</p>
${image(chart, chart.wide, 'wide', imageSource)}
${image(chart, chart.narrow, 'narrow', imageSource)}
</div>`;
}

/** The narrow one is hidden where the stylesheet's width rule is not understood. */
function image(chart: Chart, { width, height }: Rendering, size: 'wide' | 'narrow', source: Page['imageSource']): Html {
  const style = size === 'narrow' ? 'display:none;mso-hide:all' : '';
  return html`<img class="${size}" style="${style}" src="${source(chart, size)}" width="${width}" height="${height}" alt="${chart.alt}">`;
}

function categoryTable({ input: { wording, currency }, kpis }: Page): Html {
  const rows = kpis.categories.map(
    ({ category, total, share: part, count, average, change: difference }) => html`<tr class="${category === otherCategories ? 'rest' : ''}">
<td>${category}</td><td>${shortAmount(total, currency)}</td><td class="roomy">${share(part)}</td><td>${wholeNumber(count)}</td>
<td class="roomy">${shortAmount(average, currency)}</td><td>${difference === null ? html`<span class="small">new</span>` : changeMark(difference)}</td></tr>`,
  );
  return html`<div class="part" style="padding-top:20px"><table class="list">
<tr><th>${wording.category}</th><th>${wording.amount}</th><th class="roomy">Share</th><th>${wording.count}</th><th class="roomy">Average</th><th>Change</th></tr>
${rows}</table></div>`;
}

function itemTable({ input: { wording, currency }, kpis }: Page): Html {
  if (kpis.top_items.length === 0) return html``;
  const rows = kpis.top_items.map(
    ({ label, category, date, total }) =>
      html`<tr><td>${label}<div class="small">${category}</div></td><td>${day(date, { year: false })}</td><td>${shortAmount(total, currency)}</td></tr>`,
  );
  return html`<div class="part"><h2>What sold most</h2><p class="note">${span(kpis.current)}</p>
<table class="list items"><tr><th>${wording.item}</th><th>Date</th><th>${wording.amount}</th></tr>${rows}</table></div>`;
}

function quality({ input, kpis }: Page): Html {
  const rows = leftOut(input).map(
    ({ count, why, examples }) => html`<tr><td class="number">${wholeNumber(count)}</td><td class="why">${why}
${examples.length === 0 ? null : html`<div class="small">for example ${examples.join('; ')}</div>`}</td></tr>`,
  );
  const mends = mendings(input);
  return html`<div class="part"><h2>What these numbers rest on</h2>
<p class="note">${coverage(input, kpis)}${rows.length === 0 ? ' Nothing was left out.' : ' Left out were:'}</p>
${rows.length === 0 ? null : html`<table class="left-out" role="presentation">${rows}</table>`}
${mends.length === 0 ? null : html`<p class="note" style="margin:12px 0 0">Put right on the way: ${mends.join('; ')}.</p>`}</div>`;
}

function foot({ input, kpis, workflowId, generatedAt }: Page): Html {
  return html`<div class="foot"><b>Period</b> ${span(kpis.current)}, compared with ${span(kpis.previous)}; weeks begin on Monday.<br>
<b>Source</b> ${input.fetched.source}<br>
<b>Workflow</b> ${workflowId} · <b>generated</b> ${new Date(generatedAt).toISOString().slice(0, 16).replace('T', ' ')} UTC by Baton</div>`;
}

function changeMark(value: number): Html {
  const tone = value > 0 ? 'up' : value < 0 ? 'down' : 'flat';
  return html`<span class="change ${tone}">${change(value)}</span>`;
}

/** Without a line end inside a day: `Jul 12, 2010`. */
function unbroken(text: string): string {
  return text.replace(/\b([A-Z][a-z]{2}) (\d{1,2}), (\d{4})\b/g, '$1\u00a0$2,\u00a0$3');
}
