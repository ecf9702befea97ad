/** The picture: bars of workflows a second, the systems of one case side by side, as plain SVG without a library. */
import type { Row } from './summary.ts';
import { short } from './table.ts';

const [width, labelWidth, valueWidth] = [820, 210, 190];
const [barHeight, barGap, groupGap, top, bottom] = [18, 4, 18, 64, 34];
const colours: Readonly<Record<string, string>> = { baton: '#2f6fde', 'raw-flow': '#8a94a3', 'raw-step': '#c3c9d2' };
const names: Readonly<Record<string, string>> = { baton: 'Baton', 'raw-flow': 'BullMQ, one flow', 'raw-step': 'BullMQ, job by job' };

/** Cases with something to compare. Each group has a scale of its own: chains and fan-outs a second cannot be compared. */
export function chart(rows: readonly Row[], title: string, note: string): string {
  const groups = [...Map.groupBy(rows, ({ case: { workload, inFlight } }) => `${workload}, ${inFlight === 1 ? 'one at a time' : `${inFlight} in flight`}`)];
  const compared = groups.filter(([, group]) => new Set(group.map(({ case: { system } }) => system)).size > 1);
  let y = top;
  const parts = compared.map(([label, group]) => {
    const at = y;
    y += group.length * (barHeight + barGap) + groupGap;
    return groupSvg(label, group, at);
  });
  const height = y + bottom;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-family="system-ui, sans-serif" font-size="12">
<rect width="${width}" height="${height}" fill="#fff"/>
${line(20, 28, title, 'font-size="17" font-weight="600"')}
${line(20, 47, 'workflows a second, median of the repeats; longer is better', 'fill="#5b6573"')}
${parts.join('\n')}
${line(20, height - 16, note, 'fill="#5b6573" font-size="11"')}
</svg>
`;
}

function groupSvg(label: string, rows: readonly Row[], y: number): string {
  const most = Math.max(...rows.map(({ figures }) => figures.workflowsPerSecond.median));
  const bars = rows.map((row, index) => bar(row, y + index * (barHeight + barGap), most));
  return `${line(20, y + barHeight - 5, label, 'font-weight="600"')}\n${bars.join('\n')}`;
}

function bar({ case: { system, start }, figures, ratios }: Row, y: number, most: number): string {
  const { median } = figures.workflowsPerSecond;
  const length = most > 0 ? ((width - labelWidth - valueWidth) * median) / most : 0;
  const name = start === 'http' ? 'Baton, started by HTTP' : (names[system] ?? system);
  const ratio = ratios['raw-flow'];
  const text = `${short(median)}  ${name}${ratio === undefined ? '' : `  × ${short(ratio.workflowsPerSecond.median)}`}`;
  return `<rect x="${labelWidth}" y="${y}" width="${length.toFixed(1)}" height="${barHeight}" rx="2" fill="${colours[system] ?? '#000'}"/>
${line(labelWidth + length + 6, y + barHeight - 5, text, '')}`;
}

function line(x: number, y: number, text: string, attributes: string): string {
  return `<text x="${x.toFixed(1)}" y="${y}" ${attributes}>${escaped(text)}</text>`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
