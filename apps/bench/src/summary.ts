/** Many repeats as one row a case: the median with the extremes, and the ratios to raw BullMQ, each taken within its repeat. */
import type { Repeated } from './load.ts';
import type { Case, CommandCost, FigureName, Measurement } from './measurement.ts';
import { median, type Spread, spread } from './statistics.ts';

export const rivals = ['raw-flow', 'raw-step'] as const;
export type Rival = (typeof rivals)[number];

export type FigureSpreads = Readonly<Record<FigureName, Spread>>;

export interface Row {
  readonly case: Case;
  readonly repeats: number;
  readonly figures: FigureSpreads;
  /** The medians of the repeats. */
  readonly commands: Readonly<Record<string, CommandCost>>;
  /** Baton's rows only: ours divided by the rival's, where it was measured. */
  readonly ratios: Readonly<Partial<Record<Rival, FigureSpreads>>>;
}

/** In the order in which the cases were measured first. */
export function summarize(results: readonly Repeated[]): readonly Row[] {
  const cases = Map.groupBy(results, ({ measurement }) => JSON.stringify(measurement.case));
  return [...cases.values()].flatMap((own) => {
    const [first] = own;
    return first === undefined ? [] : [rowOf(first.measurement.case, own, results)];
  });
}

function rowOf(wanted: Case, own: readonly Repeated[], all: readonly Repeated[]): Row {
  const found = wanted.system === 'baton' ? rivals.flatMap((rival) => ratiosTo(rival, own, all)) : [];
  const measurements = own.map(({ measurement }) => measurement);
  return {
    case: wanted,
    repeats: own.length,
    figures: spreads(measurements.map(({ figures }) => figures)),
    commands: commandsOf(measurements),
    ratios: Object.fromEntries(found),
  };
}

function commandsOf(measurements: readonly Measurement[]): Row['commands'] {
  const names = new Set(measurements.flatMap(({ commands }) => Object.keys(commands)));
  const middle = (name: string, cost: keyof CommandCost): number => median(measurements.map(({ commands }) => commands[name]?.[cost] ?? 0));
  return Object.fromEntries([...names].map((name) => [name, { callsPerSubtask: middle(name, 'callsPerSubtask'), usPerSubtask: middle(name, 'usPerSubtask') }]));
}

function ratiosTo(rival: Rival, own: readonly Repeated[], all: readonly Repeated[]): readonly (readonly [Rival, FigureSpreads])[] {
  const ratios = own.flatMap(({ repeat, measurement }) => {
    const other = all.find((each) => each.repeat === repeat && isRival(each.measurement, measurement.case, rival));
    return other === undefined ? [] : [ratio(measurement.figures, other.measurement.figures)];
  });
  return ratios.length === 0 ? [] : [[rival, spreads(ratios)]];
}

function isRival({ case: { system, workload, inFlight } }: Measurement, ours: Case, rival: Rival): boolean {
  return system === rival && workload === ours.workload && inFlight === ours.inFlight;
}

function ratio(ours: Measurement['figures'], theirs: Measurement['figures']): Measurement['figures'] {
  return mapped(ours, (name) => ours[name] / theirs[name]);
}

function spreads(figures: readonly Measurement['figures'][]): FigureSpreads {
  const [first] = figures;
  if (first === undefined) throw new RangeError('There is nothing to summarize.');
  return mapped(first, (name) => spread(figures.map((each) => each[name])));
}

function mapped<T>(like: Measurement['figures'], value: (name: FigureName) => T): Record<FigureName, T> {
  return Object.fromEntries(Object.keys(like).map((name) => [name, value(name as FigureName)])) as Record<FigureName, T>;
}
