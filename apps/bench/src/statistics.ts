/** What many measurements come to. */

/** What repeats came to. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

const nothing: Spread = { median: Number.NaN, min: Number.NaN, max: Number.NaN };

/** The value below which the share `q` of all lies: the nearest rank, so always one that was measured. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)] ?? Number.NaN;
}

/** Of an even number of values, the middle between the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  const [low, high] = [sorted[Math.ceil(middle) - 1], sorted[Math.floor(middle)]];
  return low === undefined || high === undefined ? Number.NaN : (low + high) / 2;
}

export function spread(values: readonly number[]): Spread {
  return values.length === 0 ? nothing : { median: median(values), min: values.reduce((a, b) => Math.min(a, b)), max: values.reduce((a, b) => Math.max(a, b)) };
}
