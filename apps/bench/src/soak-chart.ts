/** The picture of a soak: Redis, the processes and the workflows over time, each in a panel with a scale of its own, as plain SVG without a library. */
import type { SoakRun } from './soak.ts';
import type { Sample } from './soak-sample.ts';
import { warmUpEndS } from './soak-verdict.ts';

const [width, left, right, top, bottom] = [820, 70, 160, 78, 52];
const [panelHeight, panelGap, labelHeight] = [150, 46, 14];
const grey = 'fill="#5b6573"';
const colours = ['#2f6fde', '#d9822b', '#2e9e6b', '#8a5cd1', '#c2475f'] as const;

interface Line {
  readonly name: string;
  readonly of: (sample: Sample) => number;
}

interface Panel {
  readonly title: string;
  readonly lines: readonly Line[];
}

const MB = 1e6;

export function soakChart(run: SoakRun, title: string, note: string): string {
  const samples = [...run.samples, ...run.draining];
  const panels = panelsOf(run);
  const toS = Math.max(1, samples.at(-1)?.atS ?? 0);
  const height = top + panels.length * panelHeight + (panels.length - 1) * panelGap + bottom;
  const x = (atS: number): number => left + ((width - left - right) * atS) / toS;
  const parts = panels.map((panel, index) => panelSvg(panel, samples, x, top + index * (panelHeight + panelGap)));
  const floor = height - bottom;
  const [warmS, loadS] = [Math.min(toS, warmUpEndS(run)), run.samples.at(-1)?.atS ?? toS];
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-family="system-ui, sans-serif" font-size="12">
<rect width="${width}" height="${height}" fill="#fff"/>
${text(20, 28, title, 'font-size="17" font-weight="600"')}
${text(20, 47, 'grey: warm-up, and after the last workflow has ended; what is judged lies between', grey)}
${[[0, warmS] as const, [loadS, toS] as const].map(([from, to]) => `<rect x="${at(x(from))}" y="${top}" width="${at(x(to) - x(from))}" height="${floor - top}" fill="#f1f3f6"/>`).join('\n')}
${parts.join('\n')}
${ticks(toS)
  .map((each) => text(x(each), floor + 17, `${each} s`, `${grey} text-anchor="middle"`))
  .join('\n')}
${text(20, height - 12, note, `${grey} font-size="11"`)}
</svg>
`;
}

function panelsOf({ samples }: SoakRun): readonly Panel[] {
  const roles = Object.keys(samples[0]?.rssBytes ?? {}).filter((role) => role !== 'redis');
  return [
    {
      title: 'Redis, MB',
      lines: [
        { name: 'memory', of: ({ redisBytes }) => redisBytes / MB },
        { name: 'append-only file', of: ({ aofBytes }) => aofBytes / MB },
      ],
    },
    { title: 'RSS, MB', lines: roles.map((role) => ({ name: role, of: ({ rssBytes }) => (rssBytes[role] ?? Number.NaN) / MB })) },
    { title: 'workflows kept, thousands', lines: [{ name: 'kept', of: ({ kept }) => kept / 1_000 }] },
  ];
}

function panelSvg({ title, lines }: Panel, samples: readonly Sample[], x: (atS: number) => number, y0: number): string {
  const values = lines.flatMap(({ of }) => samples.map(of)).filter(Number.isFinite);
  const scale = ticks(Math.max(1, ...values));
  const most = Math.max(scale.at(-1) ?? 1, ...values);
  const y = (value: number): number => y0 + panelHeight * (1 - value / most);
  const grid = scale.map(
    (each) => `<line x1="${left}" x2="${width - right}" y1="${at(y(each))}" y2="${at(y(each))}" stroke="#dde2e9"/>
${text(left - 8, y(each) + 4, String(each), `${grey} text-anchor="end"`)}`,
  );
  const drawn = lines.map(({ of }, index) => {
    const points = samples.filter((each) => Number.isFinite(of(each))).map((each) => `${at(x(each.atS))},${at(y(of(each)))}`);
    return `<polyline points="${points.join(' ')}" fill="none" stroke="${colours[index % colours.length]}" stroke-width="1.6"/>`;
  });
  return [text(left, y0 - 10, title, 'font-weight="600"'), ...grid, ...drawn, ...legend(lines, y0)].join('\n');
}

function legend(lines: readonly Line[], y0: number): readonly string[] {
  return lines.map(({ name }, index) => {
    const y = y0 + 10 + index * (labelHeight + 4);
    const [from, to] = [width - right + 12, width - right + 28];
    return `<line x1="${from}" x2="${to}" y1="${y}" y2="${y}" stroke="${colours[index % colours.length]}" stroke-width="3"/>${text(to + 6, y + 4, name, '')}`;
  });
}

/** Round numbers from 0 up to at most `most`, three to six of them. */
function ticks(most: number): readonly number[] {
  const power = 10 ** Math.floor(Math.log10(most));
  const step = [0.2, 0.5, 1, 2].map((each) => each * power).find((each) => most / each <= 5) ?? power;
  return Array.from({ length: Math.floor(most / step) + 1 }, (_, index) => Number((index * step).toPrecision(6)));
}

function at(value: number): string {
  return value.toFixed(1);
}

function text(x: number, y: number, content: string, attributes: string): string {
  return `<text x="${at(x)}" y="${at(y)}" ${attributes}>${content.replaceAll('&', '&amp;').replaceAll('<', '&lt;')}</text>`;
}
