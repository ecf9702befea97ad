/** What all pages of this app have: one sheet, a headline, a foot that says where it comes from. */
import { type Content, colour, Html, html, stylesheet } from '@baton/page';

export interface Sheet {
  readonly title: string;
  readonly eyebrow: string;
  readonly headline: string;
  readonly lede: string;
  readonly parts: readonly Html[];
  readonly foot: Html;
  readonly fontFace: Html;
  readonly style?: Html;
  /** As in BCP 47. */
  readonly language?: string;
}

const shared = new Html(`
  .bar { display: flex; height: 10px; border-radius: 3px; overflow: hidden; background: ${colour.empty}; }
  .bar i { display: block; height: 100%; }
  .chip { display: inline-block; padding: 1px 8px; border-radius: 9px; font-size: 12px; font-weight: 600; white-space: nowrap; }
  .chip.bad { background: #fdeee9; color: ${colour.down}; }
  .chip.mid { background: #fdf5e0; color: #8a5a00; }
  .chip.good { background: #e4f4ee; color: ${colour.up}; }
  .chip.plain { background: ${colour.empty}; color: ${colour.text}; }
  .chip.info { background: #e8edfb; color: ${colour.accent}; }
  blockquote { margin: 8px 0 0; padding-left: 12px; border-left: 3px solid ${colour.line}; color: ${colour.text}; font-size: 13px; font-weight: 400; overflow-wrap: anywhere; }
  svg { display: block; width: 100%; height: auto; margin-top: 12px; font-family: inherit; }
  svg.narrow { display: none; }
  @media (max-width: 640px) { svg.wide { display: none; } svg.narrow { display: block; } }
  .foot { margin-top: 36px; }
  table.list td.wrap { white-space: normal; overflow-wrap: anywhere; }
`);

export function sheet({ title, eyebrow, headline, lede, parts, foot, fontFace, style, language = 'en' }: Sheet): Html {
  return html`<!doctype html>
<html lang="${language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light">
<title>${title}</title>
<style>${fontFace}${stylesheet}${shared}${style ?? null}</style>
</head>
<body>
<div class="sheet">
<div class="top">
<p class="eyebrow">${eyebrow}</p>
<h1>${headline}</h1>
<p class="lede">${lede}</p>
</div>
${parts}
<div class="foot">${foot}</div>
</div>
</body>
</html>
`;
}

/** A drawing twice: for a desk, and made for a phone rather than scaled down to it. Widths are in CSS pixels. */
export function bothWidths(draw: (width: number, name: 'wide' | 'narrow') => Html): Html {
  return html`${draw(664, 'wide')}${draw(342, 'narrow')}`;
}

export interface Tile {
  readonly label: string;
  readonly value: string;
  readonly note: Content;
}

export function tileRow(tiles: readonly Tile[]): Html {
  const cells = tiles.map(
    ({ label, value, note }, index) => html`<td class="${index % 2 === 1 ? 'even' : 'odd'}${index > 1 ? ' below' : ''}">
<div class="tile-label">${label}</div><div class="tile-value">${value}</div><div class="tile-than">${note}</div></td>`,
  );
  return html`<div class="part" style="padding-top:0"><table class="tiles" role="presentation"><tr>${cells}</tr></table></div>`;
}

/** `Workflow wf_1 · generated 2026-01-02 03:04 UTC by Baton` */
export function origin(workflowId: string, generatedAt: number): Html {
  return html`<b>Workflow</b> ${workflowId} · <b>generated</b> ${new Date(generatedAt).toISOString().slice(0, 16).replace('T', ' ')} UTC by Baton`;
}
