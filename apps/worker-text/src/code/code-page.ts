/** How a function came about, as a page: the score of each round, what was changed for it, and the source at the end. */
import { colour, Html, html } from '@baton/page';
import highlight from 'highlight.js/lib/core';
import javascript from 'highlight.js/lib/languages/javascript';
import type { Draft, Round, Spec } from '../capability/code.ts';
import { bothWidths, origin, sheet, tileRow } from '../sheet.ts';

highlight.registerLanguage('javascript', javascript);

export interface CodePage {
  readonly spec: Spec;
  readonly draft: Draft;
  readonly history: readonly Round[];
  readonly score: number;
  readonly workflowId: string;
  readonly generatedAt: number;
  readonly fontFace: Html;
}

/** What is good enough; the line in the drawing. */
const threshold = 0.9;

const style = new Html(`
  pre { white-space: pre-wrap; overflow-wrap: anywhere; margin: 12px 0 0; padding: 16px 18px; border-radius: 10px; background: #f7f8fb; font: 12.5px/1.6 ui-monospace, 'SF Mono', Menlo, Consolas, monospace; tab-size: 2; }
  pre code { font: inherit; }
  .hljs-keyword, .hljs-literal, .hljs-built_in { color: ${colour.accent}; }
  .hljs-string, .hljs-regexp { color: ${colour.up}; }
  .hljs-comment, .hljs-doctag { color: #667085; font-style: italic; }
  .hljs-number { color: #8a5a00; }
  .hljs-title { font-weight: 600; }
  details { margin-top: 14px; }
  summary { cursor: pointer; color: ${colour.text}; font-size: 13px; }
  code { white-space: pre-wrap; font: 12.5px/1.5 ui-monospace, 'SF Mono', Menlo, Consolas, monospace; }
  table.list td.code { white-space: normal; overflow-wrap: anywhere; text-align: left; }
  table.list.rounds th:first-child, table.list.rounds td:first-child { width: 34px; }
  table.list.rounds td.did { text-align: left; white-space: normal; }
`);

export function codePage({ spec, draft, history, score, workflowId, generatedAt, fontFace }: CodePage): Html {
  const [first] = history;
  const last = history.findLast(({ source }) => source === draft.source) ?? history.at(-1);
  const isGood = score >= threshold;
  return sheet({
    title: `${spec.name}: code refinement`,
    eyebrow: 'Code refinement',
    headline: `${spec.name}() ${isGood ? 'is good enough' : 'is not good enough yet'} after ${history.length} ${history.length === 1 ? 'round' : 'rounds'}`,
    lede: spec.goal,
    fontFace,
    style,
    parts: [
      tileRow([
        { label: 'Score', value: score.toFixed(2), note: html`${threshold.toFixed(2)} is good enough` },
        {
          label: 'First draft',
          value: (first?.quality_score ?? score).toFixed(2),
          note: first === undefined ? '' : html`${first.passed} of ${first.tests} tests passed`,
        },
        { label: 'Tests passed', value: last === undefined ? '–' : `${last.passed}/${last.tests}`, note: 'run by Node' },
        { label: 'Linter', value: last === undefined ? '–' : String(last.problems), note: 'problems left' },
      ]),
      html`<div class="part"><h2>Score by round</h2>${scoreChart(history)}</div>`,
      rounds(history),
      html`<div class="part"><h2>The function</h2>${listing(draft.source)}${first === undefined || first.source === draft.source ? null : html`<details><summary>The first draft</summary>${listing(first.source)}</details>`}</div>`,
      examples(spec),
    ],
    foot: origin(workflowId, generatedAt),
  });
}

function listing(source: string): Html {
  // highlight.js escapes what it is given; its own spans are the only markup that comes back.
  return html`<pre><code>${new Html(highlight.highlight(source, { language: 'javascript' }).value)}</code></pre>`;
}

function rounds(history: readonly Round[]): Html {
  const rows = history.map(
    ({ round, quality_score, passed, tests, problems, repairs }) =>
      html`<tr><td>${round}</td><td class="did">${repairs.join('; ')}</td><td>${passed}/${tests}</td><td>${problems}</td><td><span class="chip ${quality_score >= threshold ? 'good' : 'plain'}">${quality_score.toFixed(2)}</span></td></tr>`,
  );
  return html`<div class="part"><h2>What was changed</h2><table class="list rounds" style="margin-top:12px"><tr><th></th><th class="text">The generator</th><th>Tests</th><th>Lint</th><th>Score</th></tr>${rows}</table></div>`;
}

const size = { height: 170, left: 34, right: 24, top: 18, bottom: 26 } as const;

function scoreChart(history: readonly Round[]): Html {
  return bothWidths((width, name) => scoreLine(history, width, name));
}

function scoreLine(history: readonly Round[], width: number, name: string): Html {
  const step = (width - size.left - size.right) / Math.max(1, history.length - 1);
  const x = (index: number): number => Math.round(size.left + (history.length === 1 ? (width - size.left) / 2 : step * index));
  const y = (score: number): number => Math.round(size.top + (1 - score) * (size.height - size.top - size.bottom));
  const grid = [0, 0.5, 1].map(
    (score) =>
      html`<line x1="${size.left}" x2="${width}" y1="${y(score)}" y2="${y(score)}" stroke="${colour.line}"/><text x="0" y="${y(score) + 4}" font-size="11" fill="${colour.text}">${score.toFixed(1)}</text>`,
  );
  const line = history.map(({ quality_score }, index) => `${x(index)},${y(quality_score)}`).join(' ');
  const points = history.map(
    (
      { round, quality_score },
      index,
    ) => html`<circle cx="${x(index)}" cy="${y(quality_score)}" r="4.5" fill="${quality_score >= threshold ? colour.up : colour.accent}"/>
<text x="${x(index)}" y="${y(quality_score) - 10}" text-anchor="middle" font-size="11" font-weight="600" fill="${colour.ink}">${quality_score.toFixed(2)}</text>
<text x="${x(index)}" y="${size.height - 4}" text-anchor="middle" font-size="11" fill="${colour.text}">${round}</text>`,
  );
  return html`<svg class="${name}" viewBox="0 0 ${width} ${size.height}" role="img" aria-label="Score by round: ${history.map(({ quality_score }) => quality_score.toFixed(2)).join(', ')}">
${grid}<line x1="${size.left}" x2="${width}" y1="${y(threshold)}" y2="${y(threshold)}" stroke="${colour.up}" stroke-dasharray="4 4"/>
<polyline points="${line}" fill="none" stroke="${colour.accent}" stroke-width="2"/>${points}</svg>`;
}

function examples({ examples: all }: Spec): Html {
  const rows = all.map(
    (example) =>
      html`<tr><td class="code"><code>${example.args.map((arg) => JSON.stringify(arg)).join(', ')}</code></td><td class="code" style="width:50%">${'returns' in example ? html`<code>${JSON.stringify(example.returns)}</code>` : html`throws ${example.throws}`}</td></tr>`,
  );
  return html`<div class="part"><h2>What it was tested with</h2><table class="list" style="margin-top:12px"><tr><th>Given</th><th class="text">Wanted</th></tr>${rows}</table></div>`;
}
