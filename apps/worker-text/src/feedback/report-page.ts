/** The report as a page: how customers feel, about what, and what to do about it. */
import { colour, type Html, html, share, span, wholeNumber } from '@baton/page';
import type { z } from 'zod';
import type { ActionItem, feedbackReport } from '../capability/feedback.ts';
import { origin, sheet, tileRow } from '../sheet.ts';
import type { TopicMoods } from './action-items.ts';
import type { Request } from './requests.ts';
import { weekChart } from './week-chart.ts';

export interface ReportPage {
  readonly input: z.output<typeof feedbackReport.input>;
  readonly topics: readonly TopicMoods[];
  readonly items: readonly ActionItem[];
  readonly requests: readonly Request[];
  readonly workflowId: string;
  readonly generatedAt: number;
  readonly fontFace: Html;
}

export function headlineOf({ input: { sentiment_result: sentiment }, items }: Pick<ReportPage, 'input' | 'items'>): string {
  const [first] = items;
  const mood = `${share(sentiment.moods.negative / sentiment.count)} of ${wholeNumber(sentiment.count)} messages are negative`;
  return first === undefined ? mood : `${mood}, and ${first.team.toLowerCase()} comes first`;
}

export function reportPage(page: ReportPage): Html {
  const { input, requests, fontFace, workflowId, generatedAt } = page;
  const { fetched, sentiment_result: sentiment } = input;
  const period = fetched.from !== null && fetched.to !== null ? span({ from: fetched.from, to: fetched.to }) : 'all days';
  return sheet({
    title: input.title,
    eyebrow: `${input.title} · ${period}`,
    headline: headlineOf(page),
    lede: lede(page),
    fontFace,
    parts: [
      tiles(page),
      actions(page),
      ...(sentiment.weeks.length > 1 ? [weeks(page)] : []),
      topicTable(page),
      ...(requests.length > 0 ? [wishes(requests)] : []),
      ...(sentiment.channels.length > 1 ? [channels(page)] : []),
      basis(page),
    ],
    foot: html`<b>Source</b> ${fetched.source}<br>${origin(workflowId, generatedAt)}`,
  });
}

function lede({ topics }: ReportPage): string {
  const liked = topics.toSorted((a, b) => b.average - a.average)[0];
  const sore = topics.toSorted((a, b) => b.negative - a.negative)[0];
  if (liked === undefined || sore === undefined || liked === sore) return 'The messages are too few or too alike to tell topics apart.';
  return `Most complaints are about ${sore.label} (${sore.negative} of ${sore.count} messages). Customers are happiest about ${liked.label}.`;
}

function tiles({ input: { sentiment_result: sentiment }, items }: ReportPage): Html {
  const { count, moods, rated } = sentiment;
  const high = items.filter(({ priority }) => priority === 'high').length;
  return tileRow([
    { label: 'Messages', value: wholeNumber(count), note: html`after cleaning` },
    { label: 'Negative', value: share(moods.negative / count), note: html`${moods.positive} positive,<br>${moods.neutral} neutral` },
    {
      label: 'Stars',
      value: rated.average === null ? '–' : rated.average.toFixed(1),
      note: rated.count === 0 ? 'nobody gave any' : html`${rated.count} ratings;<br>${share(rated.agreeing / rated.count)} go with the text`,
    },
    { label: 'Action items', value: String(items.length), note: html`${high} of them urgent` },
  ]);
}

const tone = { high: 'bad', medium: 'mid', low: 'plain' } as const;

function actions({ items }: ReportPage): Html {
  const rows = items.map(
    ({ priority, team, action, because, quotes }) => html`<tr><td class="wrap" style="width:auto;padding:16px 0">
<span class="chip ${tone[priority]}">${priority}</span> <span class="chip plain">${team}</span>
<div style="margin-top:6px;font-size:15px;font-weight:600">${action}</div><div class="small">${because}</div>
${quotes.map(({ id, text }) => html`<blockquote>${text} <span class="small">(${id})</span></blockquote>`)}</td></tr>`,
  );
  const none = html`<p class="note">No topic has enough complaints to act on.</p>`;
  return html`<div class="part"><h2>What to do</h2>${items.length === 0 ? none : html`<table class="list" role="presentation">${rows}</table>`}</div>`;
}

function weeks({ input }: ReportPage): Html {
  return html`<div class="part"><h2>Messages by week</h2>
<p class="note keys"><span class="pair"><span class="key" style="background:${colour.accentSoft}"></span>positive or neutral</span>
<span class="pair"><span class="key" style="background:${colour.down}"></span>negative</span></p>${weekChart(input.sentiment_result.weeks)}</div>`;
}

function topicTable({ topics, input }: ReportPage): Html {
  const rows = topics.map(
    ({ label, count, negative, neutral, positive }) => html`<tr><td>${label}</td>
<td style="width:34%">${moodBar({ negative, neutral, positive })}</td><td>${count}</td><td>${share(negative / Math.max(1, count))}</td></tr>`,
  );
  const rest = input.topics.unassigned;
  return html`<div class="part"><h2>What it is about</h2>
<p class="note keys"><span class="pair"><span class="key" style="background:${colour.down}"></span>negative</span>
<span class="pair"><span class="key" style="background:${colour.line}"></span>neutral</span>
<span class="pair"><span class="key" style="background:${colour.up}"></span>positive</span></p>
<table class="list"><tr><th>Topic, by its words</th><th></th><th>Messages</th><th>Negative</th></tr>${rows}</table>
${rest === 0 ? null : html`<p class="note" style="margin-top:10px">${rest} messages share no telling word with others.</p>`}</div>`;
}

function moodBar(counts: Readonly<Record<'negative' | 'neutral' | 'positive', number>>): Html {
  const total = Math.max(1, counts.negative + counts.neutral + counts.positive);
  const part = (count: number, fill: string): Html | null =>
    count === 0 ? null : html`<i style="width:${Math.round((1_000 * count) / total) / 10}%;background:${fill}"></i>`;
  const bar = [part(counts.negative, colour.down), part(counts.neutral, colour.line), part(counts.positive, colour.up)];
  return html`<div class="bar" style="margin-top:5px">${bar}</div>`;
}

function wishes(requests: readonly Request[]): Html {
  const rows = requests.map(({ id, text }) => html`<tr><td class="wrap" style="width:auto;font-weight:400">${text}</td><td class="small">${id}</td></tr>`);
  return html`<div class="part"><h2>What customers ask for</h2><p class="note">In their words.</p><table class="list" role="presentation">${rows}</table></div>`;
}

function channels({ input }: ReportPage): Html {
  const rows = input.sentiment_result.channels.map(
    ({ channel, count, average }) =>
      html`<tr><td>${channel}</td><td>${count}</td><td><span class="chip ${average < -0.05 ? 'bad' : average > 0.05 ? 'good' : 'plain'}">${average.toFixed(2)}</span></td></tr>`,
  );
  return html`<div class="part"><h2>By channel</h2><p class="note">The mood goes from −1 to 1.</p>
<table class="list"><tr><th>Channel</th><th>Messages</th><th>Mood</th></tr>${rows}</table></div>`;
}

function basis({ input: { fetched, cleaned } }: ReportPage): Html {
  const all = fetched.rows + fetched.outside + fetched.undated + fetched.broken;
  const reasons: readonly (readonly [number, string])[] = [
    [fetched.outside, 'of other days'],
    [cleaned.dropped.duplicate, 'sent more than once; each counts once'],
    [cleaned.dropped.empty, 'without words'],
    [fetched.undated, 'with a day that cannot be read'],
    [fetched.broken, 'broken in the source'],
  ];
  const rows = reasons
    .filter(([count]) => count > 0)
    .map(([count, why]) => html`<tr><td class="number">${wholeNumber(count)}</td><td class="why">${why}</td></tr>`);
  const { email, phone, card, name } = cleaned.removed;
  return html`<div class="part"><h2>What these numbers rest on</h2>
<p class="note">${wholeNumber(cleaned.rows)} of the ${wholeNumber(all)} rows of the source.${rows.length === 0 ? ' Nothing was left out.' : ' Left out were rows:'}</p>
<table class="left-out" role="presentation">${rows}</table>
<p class="note" style="margin:12px 0 0">Taken out of the texts before anything looked at them: ${name} names, ${email} e-mail addresses, ${phone} phone numbers, ${card} card numbers.</p></div>`;
}
