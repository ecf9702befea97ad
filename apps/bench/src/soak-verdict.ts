/**
 * Whether a soak stayed flat, and whether it left anything behind. Judged is what is left once every workflow that is kept by right is counted out:
 * how many those are changes with the speed of the machine, and would hide a leak, or look like one.
 */

import type { Kind, Left, Sample } from './soak-sample.ts';
import { median } from './statistics.ts';

export interface SoakVerdict {
  readonly what: string;
  readonly value: number;
  readonly most: number;
  readonly unit: '%' | 'keys' | 'MiB';
  readonly isMet: boolean;
}

export interface Soaked {
  readonly retentionMs: number;
  readonly inFlight: number;
  /** Before the first workflow; while there is load; from its end until the last one has to be gone. */
  readonly before: Sample;
  readonly samples: readonly Sample[];
  readonly draining: readonly Sample[];
  readonly left: readonly Left[];
}

/** Of Redis, by the line that fits best to all that was judged, as a share of the middle value. Of a process, from the peak of its first half to that of its second. */
const growthMax = { redis: 5, keys: 5, rss: 10 } as const;
/** Each of the five capabilities keeps its last thousand jobs, which have a key more each where they were part of a tree; so do the start requests. */
const finishedJobsMax = 11_000;
const redisLeftMiBMax = 4;
/** Longer than the retention, for what V8 and Redis set aside on the way. */
const [warmUpRetentions, warmUpSecondsMin] = [1.5, 60];
/** A line through less says nothing. */
const [judgedSecondsMin, judgedSamplesMin] = [30, 20];
const MiB = 1_048_576;

export function warmUpEndS({ retentionMs }: Pick<Soaked, 'retentionMs'>): number {
  return Math.max((warmUpRetentions * retentionMs) / 1_000, warmUpSecondsMin);
}

/** Without those about flatness where the soak was too short to see it. */
export function soakVerdicts(soaked: Soaked): readonly SoakVerdict[] {
  return [...flatness(soaked), ...ending(soaked)];
}

function flatness(soaked: Soaked): readonly SoakVerdict[] {
  const judged = soaked.samples.filter(({ atS }) => atS >= warmUpEndS(soaked));
  const [first, last] = [judged[0], judged.at(-1)];
  if (first === undefined || last === undefined || judged.length < judgedSamplesMin || last.atS - first.atS < judgedSecondsMin) return [];
  const roles = Object.keys(first.rssBytes).filter((role) => role !== 'redis');
  return [
    grown('Redis memory', besideKept(soaked, judged, 'redisBytes'), growthMax.redis),
    grown('Redis keys', besideKept(soaked, judged, 'keys'), growthMax.keys),
    ...roles.map((role) =>
      peaked(
        `RSS of the ${role}`,
        judged.map(({ rssBytes }) => rssBytes[role] ?? 0),
      ),
    ),
  ];
}

type Point = readonly [x: number, y: number];
interface Series {
  readonly points: readonly Point[];
  /** What the growth is a share of. */
  readonly of: number;
}

/** What a kept workflow takes is seen when they go in the end: then nothing but their number changes. */
function besideKept({ draining, samples, retentionMs, inFlight }: Soaked, judged: readonly Sample[], figure: 'redisBytes' | 'keys'): Series {
  const each = slope(draining.map((one) => [one.kept, one[figure]]));
  const keptBy = (one: Sample): number => one.ended - endedAt(samples, one.atS - retentionMs / 1_000) + inFlight;
  return { points: judged.map((one) => [one.atS, one[figure] - each * keptBy(one)]), of: median(judged.map((one) => one[figure])) };
}

/** Between two samples as much of the way as there is time between them. */
function endedAt(samples: readonly Sample[], atS: number): number {
  const after = samples.findIndex((each) => each.atS >= atS);
  const [from, to] = [samples[after - 1], samples[after]];
  if (from === undefined || to === undefined) return to?.ended ?? 0;
  return from.ended + ((to.ended - from.ended) * (atS - from.atS)) / (to.atS - from.atS);
}

function grown(name: string, { points, of }: Series, most: number): SoakVerdict {
  const seconds = (points.at(-1)?.[0] ?? 0) - (points[0]?.[0] ?? 0);
  const value = (100 * slope(points) * seconds) / of;
  return { what: `${name}, growth after warm-up`, value, most, unit: '%', isMet: value < most };
}

/** V8 gives memory back when there is less to do, a third of it at times, and takes it again: only what it takes at most says whether it needs more and more. */
function peaked(name: string, bytes: readonly number[]): SoakVerdict {
  const half = Math.floor(bytes.length / 2);
  const [first, second] = [Math.max(...bytes.slice(0, half)), Math.max(...bytes.slice(half))];
  const value = (100 * (second - first)) / first;
  return { what: `${name}, growth of its peak`, value, most: growthMax.rss, unit: '%', isMet: value < growthMax.rss };
}

/** Of the line with the least squares. */
export function slope(points: readonly Point[]): number {
  const mean = (of: 0 | 1): number => points.reduce((sum, point) => sum + point[of], 0) / points.length;
  const [meanX, meanY] = [mean(0), mean(1)];
  const over = points.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0);
  const under = points.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0);
  return under === 0 ? 0 : over / under;
}

function ending({ before, draining, left }: Soaked): readonly SoakVerdict[] {
  const of = (kind: Kind): Pick<Left, 'keys' | 'bytes'> => left.find((each) => each.kind === kind) ?? { keys: 0, bytes: 0 };
  const most = (what: string, value: number, max: number, unit: SoakVerdict['unit']): SoakVerdict => ({ what, value, most: max, unit, isMet: value <= max });
  const beside = ((draining.at(-1) as Sample).redisBytes - before.redisBytes - of('finished job').bytes) / MiB;
  return [
    most('keys of workflows left in the end', of('workflow').keys, 0, 'keys'),
    most('keys of finished jobs left in the end', of('finished job').keys, finishedJobsMax, 'keys'),
    most('Redis memory left in the end beside those jobs', beside, redisLeftMiBMax, 'MiB'),
  ];
}
