/** What orchestrators have counted, from their /metrics, and the differences of two such moments. */
import type { MeasuredProcess } from './process.ts';

export interface Counters {
  readonly commits: number;
  readonly conflicts: number;
  /** Workflows that were read from the store. */
  readonly reloads: number;
}

export const nothingCounted: Counters = { commits: 0, conflicts: 0, reloads: 0 };

/** @throws {TypeError} where one of them is missing: what is not counted is no zero */
export function countersIn(metrics: string): Counters {
  const value = (name: string): number => {
    const [, digits] = new RegExp(`^${name} (\\d+)$`, 'm').exec(metrics) ?? [];
    if (digits === undefined) throw new TypeError(`There is no ${name} among the metrics.`);
    return Number(digits);
  };
  return { commits: value('baton_commits_total'), conflicts: value('baton_commit_conflicts_total'), reloads: value('baton_state_reloads_total') };
}

export async function countersAt(url: string): Promise<Counters> {
  return countersIn(await (await fetch(url)).text());
}

/** Looks it up in the log: to be asked while that is short. */
export function metricsUrl(process: MeasuredProcess): string {
  const url = process.said('metrics_ready')?.['url'];
  if (typeof url !== 'string') throw new TypeError(`The ${process.role} serves no metrics, so nothing can be counted: leave BATON_METRICS_PORT as it is.`);
  return url;
}

/** Of several processes together: each with what it had counted before. */
export function countedBetween(pairs: readonly (readonly [Counters, Counters])[]): Counters {
  const change = (name: keyof Counters): number => pairs.reduce((total, [before, after]) => total + after[name] - before[name], 0);
  return { commits: change('commits'), conflicts: change('conflicts'), reloads: change('reloads') };
}
