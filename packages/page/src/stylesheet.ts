/** The look of a report. A letter of one column: mail programs know little CSS, so no grid, no variables; phones get their own charts. */
import { colour, typeface } from './colour.ts';
import { Html } from './html.ts';

export const stylesheet = new Html(`
  body { margin: 0; padding: 0; background: #eef1f6; color: ${colour.ink}; -webkit-text-size-adjust: 100%; }
  body, td, th { font-family: ${typeface}, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif; font-size: 14px; line-height: 1.5; }
  .sheet { max-width: 720px; margin: 32px auto; background: ${colour.paper}; border-radius: 12px; overflow: hidden; box-shadow: 0 1px 3px rgba(23,32,46,.08), 0 12px 32px rgba(23,32,46,.06); }
  .part { padding: 32px 28px 0; }
  .top { padding: 32px 28px 0; border-top: 5px solid ${colour.accent}; }
  .eyebrow { margin: 0; color: ${colour.accent}; font-size: 12px; font-weight: 600; letter-spacing: .06em; text-transform: uppercase; }
  h1 { margin: 10px 0 0; font-size: 28px; line-height: 1.22; font-weight: 700; letter-spacing: -.02em; overflow-wrap: anywhere; text-wrap: balance; }
  .lede { margin: 12px 0 0; color: ${colour.text}; font-size: 16px; line-height: 1.55; overflow-wrap: anywhere; }
  h2 { margin: 0; font-size: 17px; line-height: 1.3; font-weight: 600; letter-spacing: -.01em; }
  .note { margin: 4px 0 14px; color: ${colour.text}; font-size: 13px; overflow-wrap: anywhere; }
  .key { display: inline-block; width: 14px; height: 10px; margin-right: 5px; border-radius: 2px; }
  .rule { display: inline-block; width: 14px; height: 2px; margin-right: 5px; vertical-align: middle; }
  .tick { display: inline-block; width: 2px; height: 12px; margin: 0 8px 0 4px; vertical-align: -2px; }
  .keys span.pair { margin-right: 16px; white-space: nowrap; }
  img { display: block; max-width: 100%; height: auto; border: 0; }
  img.narrow { display: none; }
  table { border-collapse: collapse; width: 100%; }
  table.tiles { margin-top: 26px; table-layout: fixed; border-top: 1px solid ${colour.line}; border-bottom: 1px solid ${colour.line}; }
  table.tiles td { padding: 16px 8px 16px 18px; vertical-align: top; border-left: 1px solid ${colour.line}; }
  table.tiles td:first-child { padding-left: 0; border-left: 0; }
  .tile-label { color: ${colour.text}; font-size: 13px; }
  .tile-value { margin: 2px 0 3px; font-size: 26px; line-height: 1.2; font-weight: 700; letter-spacing: -.02em; }
  .tile-than { color: ${colour.text}; font-size: 12px; line-height: 1.4; }
  .change { font-weight: 600; white-space: nowrap; }
  .up { color: ${colour.up}; }
  .down { color: ${colour.down}; }
  .flat { color: ${colour.text}; }
  table.list th { padding: 0 0 8px 14px; color: ${colour.text}; font-size: 12px; font-weight: 500; text-align: right; border-bottom: 1px solid ${colour.line}; vertical-align: bottom; }
  table.list td { padding: 9px 0 9px 14px; text-align: right; border-bottom: 1px solid ${colour.line}; white-space: nowrap; font-variant-numeric: tabular-nums; vertical-align: top; }
  table.list th:first-child, table.list td:first-child { padding-left: 0; text-align: left; white-space: normal; overflow-wrap: anywhere; width: 38%; }
  table.list td:first-child { font-weight: 500; }
  table.items td:first-child { width: 56%; }
  table.list td.text, table.list th.text { text-align: left; }
  table.list tr.rest td { color: ${colour.text}; font-weight: 400; }
  table.list tr:last-child td { border-bottom: 0; }
  .small { color: ${colour.text}; font-size: 12px; font-weight: 400; }
  table.left-out td { padding: 8px 0; border-bottom: 1px solid ${colour.line}; vertical-align: top; }
  table.left-out tr:last-child td { border-bottom: 0; }
  table.left-out td.number { width: 48px; padding-right: 12px; font-weight: 600; font-variant-numeric: tabular-nums; }
  table.left-out td.why { overflow-wrap: anywhere; }
  .foot { margin-top: 32px; padding: 18px 28px 24px; background: #f7f8fb; border-top: 1px solid ${colour.line}; color: ${colour.text}; font-size: 12px; line-height: 1.6; overflow-wrap: anywhere; }
  .foot b { font-weight: 600; }
  @media (max-width: 640px) {
    .sheet { margin: 0; border-radius: 0; box-shadow: none; }
    .part, .top { padding-left: 24px; padding-right: 24px; }
    .foot { padding-left: 24px; padding-right: 24px; }
    h1 { font-size: 23px; }
    .lede { font-size: 15px; }
    img.wide { display: none !important; }
    img.narrow { display: block !important; }
    span.narrow { display: inline !important; }
    table.tiles, table.tiles tbody { display: block; }
    table.tiles tr { display: flex; flex-wrap: wrap; }
    table.tiles td { box-sizing: border-box; width: 50%; padding: 14px 8px 14px 0; border-left: 0; }
    table.tiles td.even { padding-left: 16px; border-left: 1px solid ${colour.line}; }
    table.tiles td.below { border-top: 1px solid ${colour.line}; }
    .roomy { display: none !important; }
  }
  @media print { body { background: #fff; } .sheet { box-shadow: none; margin: 0 auto; } .part { break-inside: avoid; } }
`);
